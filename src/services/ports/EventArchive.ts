/** The history: each log row once, by epoch and id (rule 24). In the embedded system the event log itself is the archive. */
import { Context, type Effect, Schema } from "effect"
import type { JobId } from "#domain/Job.ts"
import type { EventType, LogEvent, LogRow } from "#domain/JobEvent.ts"

export class ArchiveError extends Schema.TaggedError<ArchiveError>()("ArchiveError", {
  operation: Schema.String,
  reason: Schema.Literals(["unavailable", "refused"]),
  cause: Schema.Defect()
}) {
  override get message() {
    return `the event archive could not ${this.operation}: ${this.reason}`
  }
}

/** Newest first, before the cursor. */
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

export class EventArchive extends Context.Service<EventArchive, {
  /** Which store answers: shown beside its numbers. */
  readonly name: string
  /** Stores rows durably; a row that is there already is a success. Answers how many were new. */
  readonly store: (rows: ReadonlyArray<LogRow>) => Effect.Effect<number, ArchiveError>
  /** History of a job in the order of `seq`. */
  readonly ofJob: (jobId: JobId) => Effect.Effect<ReadonlyArray<ArchivedEvent>, ArchiveError>
  readonly search: (
    query: EventQuery
  ) => Effect.Effect<{ readonly events: ReadonlyArray<ArchivedEvent>; readonly next: string | undefined }, ArchiveError>
  /** Rows of an epoch with an id greater than `id`, in order of id, at most `limit`: for rebuilding and for checking. */
  readonly scan: (
    epoch: number,
    afterId: bigint,
    limit: number
  ) => Effect.Effect<ReadonlyArray<LogRow>, ArchiveError>
  readonly ping: Effect.Effect<void, ArchiveError>
}>()("odto/services/EventArchive") {}
