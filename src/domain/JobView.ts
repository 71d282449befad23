/** What people and programs are shown of a job. Instants are ISO 8601 strings. */
import { Schema } from "effect"
import { AttemptError, JobId, JobTypeName, JsonObject, Progress, QueueName } from "./Job.ts"
import { JobStatus } from "./JobStatus.ts"
import { BackoffPolicy } from "./Retry.ts"

const Instant = Schema.String
const InstantOrNull = Schema.NullOr(Instant)

/** One line of a list. */
export const JobSummary = Schema.Struct({
  id: JobId,
  type: JobTypeName,
  queue: QueueName,
  status: JobStatus,
  priority: Schema.Int,
  attempt: Schema.Int,
  failures: Schema.Int,
  maxAttempts: Schema.Int,
  tags: Schema.Array(Schema.String),
  correlationId: Schema.NullOr(Schema.String),
  runAt: Instant,
  createdAt: Instant,
  updatedAt: Instant,
  finishedAt: InstantOrNull,
  cancelRequestedAt: InstantOrNull,
  /** Worker that runs it, while it runs. */
  worker: Schema.NullOr(Schema.String),
  progress: Schema.NullOr(Progress)
}).annotate({ identifier: "JobSummary" })
export type JobSummary = typeof JobSummary.Type

export const AttemptState = Schema.Literals([
  "running",
  "completed",
  "failed",
  "cancelled",
  "released",
  "lease-expired"
])
export type AttemptState = typeof AttemptState.Type

/** One claim of a job by a worker. */
export const AttemptView = Schema.Struct({
  attempt: Schema.Int,
  state: AttemptState,
  worker: Schema.String,
  startedAt: Instant,
  finishedAt: InstantOrNull,
  error: Schema.NullOr(AttemptError)
}).annotate({ identifier: "Attempt" })
export type AttemptView = typeof AttemptView.Type

/** A job whole. */
export const JobView = Schema.Struct({
  ...JobSummary.fields,
  payload: JsonObject,
  result: Schema.NullOr(Schema.Json),
  lastError: Schema.NullOr(AttemptError),
  backoff: BackoffPolicy,
  timeoutMillis: Schema.Int,
  deadline: InstantOrNull,
  idempotencyKey: Schema.NullOr(Schema.String),
  traceparent: Schema.NullOr(Schema.String),
  /** Number of events in its history. */
  sequence: Schema.Int,
  attempts: Schema.Array(AttemptView)
}).annotate({ identifier: "Job" })
export type JobView = typeof JobView.Type
