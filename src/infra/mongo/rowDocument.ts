/**
 * A log row as a document. What is searched for are fields of their own; the events themselves are JSON text: half the
 * work for the driver, a third for the server, and nothing that a user wrote ever becomes a field name.
 */
import { archiveId, LogEvent, type LogRow } from "#domain/JobEvent.ts"
import { Schema } from "effect"
import { Binary } from "mongodb"

export interface RowDocument {
  /** `<epoch>:<log id>` */
  readonly _id: string
  readonly epoch: number
  readonly id: bigint
  readonly xid: bigint
  readonly at: Date
  readonly source: string
  /** Ids of the jobs whose events are in the row. */
  readonly jobs: ReadonlyArray<Binary>
  readonly types: ReadonlyArray<string>
  readonly queues: ReadonlyArray<string>
  /** JSON array of `LogEvent`. */
  readonly events: string
}

/** What is read back: the fields for searching stay where they are. */
export type StoredRow = Omit<RowDocument, "jobs" | "types" | "queues">

export const storedFields = { _id: 1, epoch: 1, id: 1, xid: 1, at: 1, source: 1, events: 1 } as const

export const jobKey = (jobId: string): Binary =>
  new Binary(Buffer.from(jobId.replaceAll("-", ""), "hex"), Binary.SUBTYPE_UUID)

export const toDocument = (row: LogRow): RowDocument => {
  const jobs = new Set<string>()
  const types = new Set<string>()
  const queues = new Set<string>()
  for (const event of row.events) {
    if (event.job !== undefined) jobs.add(event.job)
    types.add(event.type)
    queues.add(event.queue)
  }
  return {
    _id: archiveId(row),
    epoch: row.epoch,
    id: row.position.id,
    xid: row.position.xid,
    at: new Date(row.at),
    source: row.source,
    jobs: Array.from(jobs, jobKey),
    types: [...types],
    queues: [...queues],
    events: JSON.stringify(row.events)
  }
}

const decodeEvents = Schema.decodeUnknownSync(Schema.Array(LogEvent))

/** `keep` chooses events before they are decoded: the history of one job is a few events of rows with hundreds. */
export const toRow = (stored: StoredRow, keep?: (event: unknown) => boolean): LogRow => {
  const events: unknown = JSON.parse(stored.events)
  return {
    epoch: stored.epoch,
    position: { xid: stored.xid, id: stored.id },
    at: stored.at.getTime(),
    source: stored.source,
    events: decodeEvents(keep === undefined || !Array.isArray(events) ? events : events.filter(keep))
  }
}
