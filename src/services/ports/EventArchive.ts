/**
 * The history: each log row once, by epoch and id (rule 24). In the embedded system the event log itself is the archive.
 *
 * Within an epoch, ids are an order to walk by and nothing more: a row with a smaller id may arrive later.
 */
import type { JobId } from "#domain/Job.ts"
import type { EventType, LogEvent, LogRow } from "#domain/JobEvent.ts"
import { Context, type Effect, Schema } from "effect"

export class ArchiveError extends Schema.TaggedError<ArchiveError>()("ArchiveError", {
  operation: Schema.String,
  /**
   * `unavailable`: nothing is known of what was stored; the same call may be repeated. `refused`: at least one of the
   * rows will never be taken, the others may have been; repeating will not help, splitting will.
   */
  reason: Schema.Literals(["unavailable", "refused"]),
  cause: Schema.Defect()
}) {
  override get message() {
    return `the event archive could not ${this.operation}: ${this.reason}`
  }
}

/**
 * Newest first, before the cursor. `after` (inclusive) and `before` (exclusive) speak of the time at which the log row
 * was written, in milliseconds since 1970: that is also the order of the answer.
 */
export interface EventQuery {
  readonly jobId: JobId | undefined
  readonly types: ReadonlyArray<EventType> | undefined
  readonly queue: string | undefined
  readonly after: number | undefined
  readonly before: number | undefined
  /** Opaque: where the page before ended. */
  readonly cursor: string | undefined
  readonly limit: number
}

/** An event with the log row that it came in. */
export interface ArchivedEvent {
  readonly event: LogEvent
  readonly source: string
  /** `<epoch>:<log id>` */
  readonly archiveId: string
}

/** That a row is there. */
export interface ArchivedPlace {
  readonly id: bigint
  /** When the row was written, milliseconds since 1970. */
  readonly at: number
}

/** Events of one job that are answered at most, the first ones: three hours of progress at one a second. */
export const historyLimit = 10_000
/** Rows that one search looks at; past them it answers what it has, with a cursor to go on from. */
export const searchRowBudget = 2_000

export class EventArchive extends Context.Service<EventArchive, {
  /** Which store answers: shown beside its numbers. */
  readonly name: string
  /** Stores rows durably; a row that is there already is a success. Answers how many were new. */
  readonly store: (rows: ReadonlyArray<LogRow>) => Effect.Effect<number, ArchiveError>
  /** History of a job in the order of `seq`, at most `historyLimit` events. */
  readonly ofJob: (jobId: JobId) => Effect.Effect<ReadonlyArray<ArchivedEvent>, ArchiveError>
  /** May answer fewer than `limit`, even none, and still a cursor: the search has then used up its row budget. */
  readonly search: (
    query: EventQuery
  ) => Effect.Effect<{ readonly events: ReadonlyArray<ArchivedEvent>; readonly next: string | undefined }, ArchiveError>
  /** Rows of an epoch with an id greater than `afterId`, in order of id, at most `limit`. */
  readonly scan: (
    epoch: number,
    afterId: bigint,
    limit: number
  ) => Effect.Effect<ReadonlyArray<LogRow>, ArchiveError>
  /** As `scan`, without reading the rows. */
  readonly places: (
    epoch: number,
    afterId: bigint,
    limit: number
  ) => Effect.Effect<ReadonlyArray<ArchivedPlace>, ArchiveError>
  /** Rows by their ids, in order of id; those that are not there are left out. */
  readonly rows: (epoch: number, ids: ReadonlyArray<bigint>) => Effect.Effect<ReadonlyArray<LogRow>, ArchiveError>
  /** Of these ids, those that are not there, in the order given. */
  readonly absent: (epoch: number, ids: ReadonlyArray<bigint>) => Effect.Effect<ReadonlyArray<bigint>, ArchiveError>
  /** When the newest row was written, milliseconds since 1970; undefined when there is none. */
  readonly newestRowAt: Effect.Effect<number | undefined, ArchiveError>
  readonly ping: Effect.Effect<void, ArchiveError>
}>()("odto/services/EventArchive") {}
