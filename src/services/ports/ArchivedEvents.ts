/** How the events inside archived rows are found: the same for every archive, which only finds the rows. */
import type { JobId } from "#domain/Job.ts"
import { archiveId, type LogEvent, type LogRow } from "#domain/JobEvent.ts"
import { Effect, Option } from "effect"
import { type ArchivedEvent, type EventQuery, historyLimit, searchRowBudget } from "./EventArchive.ts"

/** A place in the order of search: rows by (at, epoch, id), then the index of the event in its row; newest first. */
export interface EventPlace {
  /** When the row was written, milliseconds since 1970. */
  readonly at: number
  readonly epoch: number
  readonly id: bigint
  readonly index: number
}

export const encodeEventCursor = ({ at, epoch, id, index }: EventPlace): string =>
  Buffer.from(`${at}.${epoch}.${id}.${index}`, "utf8").toString("base64url")

export const decodeEventCursor = (cursor: string): Option.Option<EventPlace> => {
  const match = /^(\d{1,15})\.(\d{1,9})\.(\d{1,19})\.(\d{1,9})$/u.exec(
    Buffer.from(cursor, "base64url").toString("utf8")
  )
  return match === null
    ? Option.none()
    : Option.some({
      at: Number(match[1]),
      epoch: Number(match[2]),
      id: BigInt(match[3] ?? "0"),
      index: Number(match[4])
    })
}

/** Negative when `a` comes first in the order of search. */
export const newestRowFirst = (
  a: Pick<EventPlace, "at" | "epoch" | "id">,
  b: Pick<EventPlace, "at" | "epoch" | "id">
) => b.at - a.at || b.epoch - a.epoch || (a.id > b.id ? -1 : a.id < b.id ? 1 : 0)

export const placeOf = (row: LogRow) => ({ at: row.at, epoch: row.epoch, id: row.position.id })

const archived = (row: LogRow, event: LogEvent): ArchivedEvent => ({
  event,
  source: row.source,
  archiveId: archiveId(row)
})

/**
 * The history of a job out of the rows that hold some of it. After a restore or fail-over the log is told again in
 * another epoch: of two events with the same number the one of the later epoch is the truth.
 */
export const eventsOfJob = (rows: ReadonlyArray<LogRow>, jobId: JobId): ReadonlyArray<ArchivedEvent> => {
  const bySeq = new Map<number, ArchivedEvent>()
  for (const row of rows.toSorted((a, b) => a.epoch - b.epoch)) {
    for (const event of row.events) if (event.job === jobId) bySeq.set(event.seq ?? 0, archived(row, event))
  }
  return [...bySeq].toSorted(([a], [b]) => a - b).slice(0, historyLimit).map(([, event]) => event)
}

/** Rows that an archive reads first for a search; a row holds up to 500 events. Doubled while it finds little. */
const firstPageRows = 50
const largestPageRows = 400

const fits = (query: EventQuery, { job, queue, type }: LogEvent): boolean =>
  (query.jobId === undefined || job === query.jobId) &&
  (query.types === undefined || query.types.includes(type)) &&
  (query.queue === undefined || queue === query.queue)

/** Whether a row may hold events that fit: what an archive asks of its indexes, each condition by itself. */
export const rowFits = (query: EventQuery, { at, events }: LogRow): boolean =>
  (query.after === undefined || at >= query.after) &&
  (query.before === undefined || at < query.before) &&
  (query.jobId === undefined || events.some(({ job }) => job === query.jobId)) &&
  (query.types === undefined || events.some(({ type }) => query.types?.includes(type))) &&
  (query.queue === undefined || events.some(({ queue }) => queue === query.queue))

/**
 * `find` answers rows that may fit (`rowFits`), newest first, beginning with the row at `from` itself, at most `limit`.
 */
export const searchRows = Effect.fnUntraced(function*<E>(
  query: EventQuery,
  find: (from: EventPlace | undefined, limit: number) => Effect.Effect<ReadonlyArray<LogRow>, E>
) {
  const events: Array<ArchivedEvent> = []
  const start = query.cursor === undefined ? undefined : Option.getOrUndefined(decodeEventCursor(query.cursor))
  if (query.cursor !== undefined && start === undefined) return { events, next: undefined }

  // The place of the last event looked at: the search goes on behind it.
  let last = start
  let seen = 0
  for (let size = firstPageRows; seen < searchRowBudget; size = Math.min(2 * size, largestPageRows)) {
    const pageRows = Math.min(size, searchRowBudget - seen)
    seen += pageRows
    const rows = yield* find(last, pageRows + 1)
    for (const row of rows) {
      const isStarted = last !== undefined && newestRowFirst(last, placeOf(row)) === 0
      const from = isStarted && last !== undefined ? last.index - 1 : row.events.length - 1
      for (let index = from; index >= 0; index--) {
        const event = row.events[index]
        if (event === undefined || !fits(query, event)) continue
        events.push(archived(row, event))
        if (events.length === query.limit) {
          return { events, next: encodeEventCursor({ ...placeOf(row), index }) }
        }
      }
      last = { ...placeOf(row), index: 0 }
    }
    if (rows.length <= pageRows) return { events, next: undefined }
  }
  return { events, next: last === undefined ? undefined : encodeEventCursor(last) }
})
