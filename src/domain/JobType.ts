/**
 * A kind of work: its name, what its payload and result look like, how it is retried, and the code that does it.
 *
 * The boundary to the code is plain: JSON Schemas, promises and an AbortSignal. A user's module may bring its own copy
 * of `effect`; nothing of that copy crosses this line.
 */
import { Schema } from "effect"
import { JobTypeName, JsonObject, MaxAttempts, type Progress, TimeoutMillis } from "./Job.ts"
import type { Outcome } from "./Outcome.ts"
import { BackoffPolicy } from "./Retry.ts"

/** What a worker registers about a type, and the gateway validates and defaults by. */
export const JobTypeDescription = Schema.Struct({
  name: JobTypeName,
  description: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(500))),
  /** JSON Schema (draft 2020-12) of the payload. */
  payloadSchema: JsonObject,
  /** JSON Schema of the result. */
  resultSchema: Schema.optionalKey(JsonObject),
  maxAttempts: MaxAttempts,
  backoff: BackoffPolicy,
  timeoutMillis: TimeoutMillis
}).annotate({ identifier: "JobTypeDescription" })
export type JobTypeDescription = typeof JobTypeDescription.Type

/** What a handler gets beside its payload. */
export interface JobContext {
  readonly jobId: string
  readonly type: string
  readonly queue: string
  /** Claims so far, this one included. */
  readonly attempt: number
  /** Failed attempts so far. */
  readonly failures: number
  /** Aborts on timeout, on cancellation, when the lease is lost and when the worker must stop now. */
  readonly signal: AbortSignal
  /** W3C trace context of this attempt, to be passed on in outgoing requests. */
  readonly traceparent: string | undefined
  readonly correlationId: string | undefined
  readonly tags: ReadonlyArray<string>
  /** Says how far the work has come; at most one a second is kept. */
  readonly progress: (progress: Progress) => void
}

/** A type with its code, as the processor runs it. */
export interface JobType {
  readonly description: JobTypeDescription
  /** Decodes the payload, runs the handler, encodes the result. Never rejects: trouble is an outcome. */
  readonly perform: (payload: unknown, context: JobContext) => Promise<Outcome>
}
