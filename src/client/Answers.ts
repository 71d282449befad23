/**
 * What is sent and answered, as plain JSON: instants are ISO 8601 strings, ids are strings.
 *
 * All of it is inferred from the schemas of the HTTP interfaces, which check every request and answer.
 */
import type {
  AcceptedJob as AcceptedJobSchema,
  BatchResult as BatchResultSchema,
  CancelRequested,
  JobCancelled,
  JobReplayed,
  QueuePaused as QueuePausedSchema,
  QueueResumed as QueueResumedSchema
} from "#domain/contract/GatewayApi.ts"
import type {
  JobDetail,
  JobList,
  JobTimeline,
  QueueList as QueueListSchema,
  Stats as StatsSchema,
  StreamReset as StreamResetSchema
} from "#domain/contract/ReadModelViews.ts"
import type { SubmitJob } from "#domain/Job.ts"
import type { CloudEvent, EventType as EventTypeSchema } from "#domain/JobEvent.ts"
import type { JobSort } from "#domain/JobFilter.ts"
import type { JobStatus as JobStatusSchema } from "#domain/JobStatus.ts"
import type { JobSummary as JobSummarySchema } from "#domain/JobView.ts"

type Submitted = typeof SubmitJob.Encoded

export type JobStatus = typeof JobStatusSchema.Encoded
export type EventType = typeof EventTypeSchema.Encoded

/** A job to submit. Only `type` is needed. */
export interface NewJob extends Omit<Submitted, "runAt" | "deadline"> {
  /** Not before this instant. */
  readonly runAt?: string | Date
  /** Limit over all attempts: a job that has not ended by then is dead. */
  readonly deadline?: string | Date
}

/** What `submit` answers once the job is committed. */
export interface AcceptedJob extends Readonly<typeof AcceptedJobSchema.Encoded> {
  /** True when the idempotency key was known and this is the first answer again. */
  readonly replayed: boolean
}

/** What a batch says of one of its jobs. */
export type BatchResult = typeof BatchResultSchema.Encoded
/** A waiting job is cancelled at once; a running one is asked to stop, and its first outcome wins. */
export type Cancellation = typeof JobCancelled.Encoded | typeof CancelRequested.Encoded
export interface Replay extends Readonly<typeof JobReplayed.Encoded> {}
export interface QueuePaused extends Readonly<typeof QueuePausedSchema.Encoded> {}
export interface QueueResumed extends Readonly<typeof QueueResumedSchema.Encoded> {}

/** One line of a list. */
export interface JobSummary extends Readonly<typeof JobSummarySchema.Encoded> {}
/** A job whole, with its attempts. */
export interface Job extends Readonly<typeof JobDetail.Encoded> {}
/** One page of a list; `next` is the cursor to go on from, null at the end. */
export interface JobPage extends Readonly<typeof JobList.Encoded> {}
/** What happened to a job, step by step, with the time between. */
export interface Timeline extends Readonly<typeof JobTimeline.Encoded> {}
/** Totals, latencies and lags, each group with its source and age, or said to be down. */
export interface Stats extends Readonly<typeof StatsSchema.Encoded> {}
export interface QueueList extends Readonly<typeof QueueListSchema.Encoded> {}

/** Absent fields do not restrict; of several statuses, types or queues a job has one, of several tags it has all. */
export interface JobFilter {
  readonly status?: JobStatus | ReadonlyArray<JobStatus>
  readonly type?: string | ReadonlyArray<string>
  readonly queue?: string | ReadonlyArray<string>
  readonly tag?: string | ReadonlyArray<string>
  readonly correlationId?: string
  readonly idempotencyKey?: string
  readonly createdAfter?: string | Date
  readonly createdBefore?: string | Date
  /** Default: newest first. */
  readonly sort?: typeof JobSort.Encoded
  /** Jobs on a page, 1 to 1,000. Default: 50. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly cursor?: string
}

/** What happened, as a CloudEvent. */
export interface JobEvent extends Readonly<typeof CloudEvent.Encoded> {}

/** An event; `id` is the place to go on from after a break, absent inside a group that was committed together. */
export interface EventItem {
  readonly kind: "event"
  readonly id: string | undefined
  readonly event: JobEvent
}

/** Events are missing before this point, because the log no longer reaches back so far: read the state anew. */
export interface ResetItem extends Readonly<typeof StreamResetSchema.Encoded> {
  readonly kind: "reset"
  readonly id: string | undefined
}

export type StreamItem = EventItem | ResetItem
