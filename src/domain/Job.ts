/**
 * What a job is, and what a client says to submit one.
 *
 * Instants are milliseconds since 1970 inside the system and ISO 8601 strings on the wire; the clock that decides is
 * PostgreSQL's.
 */
import { Schema } from "effect"
import { Instant } from "./Instant.ts"
import { BackoffPolicy } from "./Retry.ts"

/** UUIDv7, made before the job is stored, so that a repeated request can recognise its own work. */
export const JobId = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/u, {
    message: "a job id is a lower-case UUID"
  })
).pipe(Schema.brand("JobId")).annotate({ identifier: "JobId" })
export type JobId = typeof JobId.Type

/** No dots: `odto.jobs.<queue>.<type>` is read back by splitting at the first dot after the prefix. */
export const QueueName = Schema.String.check(
  Schema.isPattern(/^[a-z0-9][a-z0-9_-]{0,62}$/u, {
    message: "a queue name is 1 to 63 lower-case letters, digits, '-' or '_', and starts with a letter or digit"
  })
).pipe(Schema.brand("QueueName")).annotate({ identifier: "QueueName" })
export type QueueName = typeof QueueName.Type

/** Lower-case words joined by dots: `http.request`. At most 100 characters. */
export const JobTypeName = Schema.String.check(
  Schema.isPattern(/^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$/u, {
    message: "a job type is lower-case words joined by dots, such as email.send"
  }),
  Schema.isMaxLength(100)
).pipe(Schema.brand("JobTypeName")).annotate({ identifier: "JobTypeName" })
export type JobTypeName = typeof JobTypeName.Type

/** 9 goes first. One step is worth a minute of waiting, so that 0 is never starved. */
export const Priority = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })).annotate({
  identifier: "Priority"
})

export const Tag = Schema.String.check(
  Schema.isPattern(/^[^\s,]{1,64}$/u, { message: "a tag is 1 to 64 characters without spaces or commas" })
).annotate({ identifier: "Tag" })

export const Tags = Schema.Array(Tag).check(Schema.isMaxLength(20))

/** Ties jobs to whatever the client calls one piece of business. */
export const CorrelationId = Schema.String.check(Schema.isPattern(/^[\x21-\x7e]{1,200}$/u)).annotate({
  identifier: "CorrelationId"
})

export const IdempotencyKey = Schema.String.check(
  Schema.isPattern(/^[\x20-\x7e]{1,255}$/u, {
    message: "an idempotency key is 1 to 255 printable ASCII characters"
  })
).annotate({ identifier: "IdempotencyKey" })

export const JsonObject = Schema.Record(Schema.String, Schema.Json).annotate({ identifier: "JsonObject" })
export type JsonObject = typeof JsonObject.Type

export const defaultQueue = QueueName.make("default")
export const defaultPriority = 5
/** Bytes of a payload in UTF-8. Larger data belongs into a store of its own, with its address in the payload. */
export const maxPayloadBytes = 256 * 1024
/** Bytes of a stored result in UTF-8; what is longer is refused as a failed attempt that says so. */
export const maxResultBytes = 64 * 1024
/** Jobs in one batch request. */
export const maxBatchJobs = 5_000
/** How long an idempotency key is remembered when the client does not say. */
export const defaultIdempotencyTtlMillis = 24 * 60 * 60 * 1000
export const maxIdempotencyTtlMillis = 30 * 24 * 60 * 60 * 1000

export const TimeoutMillis = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 24 * 60 * 60 * 1000 }))
export const MaxAttempts = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 }))

/** What a client sends. Everything but `type` has a default; the policy fields default to those of the job type. */
export const SubmitJob = Schema.Struct({
  type: JobTypeName,
  queue: Schema.optionalKey(QueueName),
  payload: Schema.optionalKey(JsonObject),
  priority: Schema.optionalKey(Priority),
  /** Not before this instant. */
  runAt: Schema.optionalKey(Instant),
  maxAttempts: Schema.optionalKey(MaxAttempts),
  backoff: Schema.optionalKey(BackoffPolicy),
  /** Limit of one attempt. */
  timeoutMillis: Schema.optionalKey(TimeoutMillis),
  /** Limit over all attempts: a job that has not ended by then is dead. */
  deadline: Schema.optionalKey(Instant),
  tags: Schema.optionalKey(Tags),
  correlationId: Schema.optionalKey(CorrelationId),
  idempotencyKey: Schema.optionalKey(IdempotencyKey),
  /** How long the key is remembered. Default: 24 hours. */
  idempotencyTtlMillis: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1_000, maximum: maxIdempotencyTtlMillis }))
  )
}).annotate({ identifier: "SubmitJob" })
export type SubmitJob = typeof SubmitJob.Type

/** An error as it is kept: sizes are capped and text is storable before it becomes one of these. */
export const AttemptError = Schema.Struct({
  name: Schema.String,
  message: Schema.String,
  /** Whether the policy may try again. */
  retryable: Schema.Boolean,
  stack: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "AttemptError" })
export type AttemptError = typeof AttemptError.Type

/** How far a running job has come, as its handler says. */
export const Progress = Schema.Struct({
  percent: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 100 })),
  message: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(500)))
}).annotate({ identifier: "Progress" })
export type Progress = typeof Progress.Type

export class JobNotFound extends Schema.TaggedError<JobNotFound>()("JobNotFound", { jobId: Schema.String }) {
  override get message() {
    return `there is no job ${this.jobId}`
  }
}
