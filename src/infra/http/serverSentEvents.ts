/**
 * The live feed as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 *
 * A row of the log is several events; its position is the `id` of the last of them, so that whoever reconnects in the
 * middle of a row gets the row again and nothing is lost: events repeat under the same CloudEvents id. A block with only
 * an `id` moves the client's position without an event.
 */
import type { EventType, LogEvent, LogRow } from "#domain/JobEvent.ts"
import { toCloudEvent } from "#domain/JobEvent.ts"
import type { FeedItem } from "#services/read-model/LiveFeed.ts"

/** Absent fields do not restrict. */
export interface StreamFilter {
  readonly jobId?: string | undefined
  readonly types?: ReadonlyArray<EventType> | undefined
  readonly queue?: string | undefined
}

const fits = ({ jobId, queue, types }: StreamFilter, event: LogEvent): boolean =>
  (jobId === undefined || event.job === jobId) &&
  (queue === undefined || event.queue === queue) &&
  (types === undefined || types.includes(event.type))

const isOpen = ({ jobId, queue, types }: StreamFilter): boolean =>
  jobId === undefined && queue === undefined && types === undefined

/** Rows as they were written out last, shared by all streams without a filter; forgotten with the row. */
const written = new WeakMap<LogRow, string>()

const write = (id: string, row: LogRow, filter: StreamFilter): string => {
  const events = row.events.flatMap((event, index) => fits(filter, event) ? [toCloudEvent(row, event, index)] : [])
  if (events.length === 0) return `id: ${id}\n\n`
  return events.map((event, index) => {
    const block = `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
    return index === events.length - 1 ? `id: ${id}\n${block}` : block
  }).join("")
}

const writeRow = (id: string, row: LogRow, filter: StreamFilter): string => {
  if (!isOpen(filter)) return write(id, row, filter)
  const before = written.get(row)
  if (before !== undefined) return before
  const text = write(id, row, filter)
  written.set(row, text)
  return text
}

export const textOf = (item: FeedItem, filter: StreamFilter): string => {
  switch (item._tag) {
    case "Row":
      return writeRow(item.id, item.row, filter)
    case "Quiet":
      return `: quiet\nid: ${item.id}\n\n`
    case "Reset":
      return `id: ${item.id}\nevent: reset\ndata: ${JSON.stringify({ reason: item.reason, position: item.id })}\n\n`
  }
}
