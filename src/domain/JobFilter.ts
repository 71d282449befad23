/**
 * The filter that API, CLI, TUI and web share, and the keyset cursor of a page.
 *
 * A cursor is the sort value and id of the last row seen, so that a page is found by an index and inserts between two
 * requests neither repeat nor skip a row.
 */
import type { Option } from "effect"
import { Schema } from "effect"
import { Instant } from "./Instant.ts"
import { CorrelationId, IdempotencyKey, JobId, JobTypeName, QueueName, Tag } from "./Job.ts"
import { JobStatus } from "./JobStatus.ts"

/**
 * Absent fields do not restrict; several restrict together. Of several statuses, types or queues a job has one, of
 * several tags it has all. Instants are milliseconds since 1970; `createdAfter` includes its instant, `createdBefore`
 * does not.
 */
export interface JobFilter {
  readonly statuses?: ReadonlyArray<JobStatus>
  readonly types?: ReadonlyArray<JobTypeName>
  readonly queues?: ReadonlyArray<QueueName>
  readonly tags?: ReadonlyArray<string>
  readonly correlationId?: string
  readonly idempotencyKey?: string
  readonly createdAfter?: number
  readonly createdBefore?: number
}

/** Jobs are sorted by creation (their ids are ordered by time): newest or oldest first. */
export const JobSort = Schema.Literals(["newest", "oldest"]).annotate({ identifier: "JobSort" })
export type JobSort = typeof JobSort.Type

export const pageLimit = { default: 50, maximum: 1_000 } as const
/** Rows that one list request may look at; past it the answer is a partial page with a cursor to go on from. */
export const rowBudget = 20_000

/** Opaque to clients: base64url of the last job id looked at. */
export const JobCursor = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/u)).annotate({
  identifier: "JobCursor"
})

export const encodeCursor = (after: JobId): string => Buffer.from(after, "utf8").toString("base64url")

/** None for what `encodeCursor` never made. */
export const decodeCursor = (cursor: string): Option.Option<JobId> =>
  Schema.decodeOption(JobId)(Buffer.from(cursor, "base64url").toString("utf8"))

/** A parameter that may be repeated. */
const listOf = <S extends Schema.Top>(item: S) => Schema.optionalKey(Schema.Union([Schema.Array(item), item]))

/** The filter as query parameters: repeat a parameter for several values. */
export const jobFilterQuery = {
  status: listOf(JobStatus),
  type: listOf(JobTypeName),
  queue: listOf(QueueName),
  tag: listOf(Tag),
  correlationId: Schema.optionalKey(CorrelationId),
  idempotencyKey: Schema.optionalKey(IdempotencyKey),
  createdAfter: Schema.optionalKey(Instant),
  createdBefore: Schema.optionalKey(Instant)
}
