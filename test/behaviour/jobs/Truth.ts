/** What the truth says of a job, for suites of stores; and the stores that they need. */
import type { JobId } from "#domain/Job.ts"
import type { LogEvent } from "#domain/JobEvent.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import type { ClaimedJob, JobStore, Settlement } from "#services/ports/JobStore.ts"
import type { WorkerStore } from "#services/ports/WorkerStore.ts"
import { Effect, Option } from "effect"

export type Stores = JobStore | WorkerStore | EventLog | JobQueries

/** Lets time pass for the store: virtual time in memory, older rows on a server. */
export interface Options<R> {
  readonly elapse: (millis: number) => Effect.Effect<void, never, R>
}

export const second = 1_000
export const minute = 60 * second

export const jobOf = Effect.fnUntraced(function*(jobId: JobId) {
  const queries = yield* JobQueries
  return Option.getOrThrow(yield* queries.get(jobId))
})

/** The events of a job in the order of their numbers. */
export const historyOf = Effect.fnUntraced(function*(jobId: JobId) {
  const log = yield* EventLog
  const events = (yield* log.ofJob(jobId)).flatMap((row) => row.events.filter((event) => event.job === jobId))
  return events.toSorted((one, other) => (one.seq ?? 0) - (other.seq ?? 0))
})

/** `created 1 none>waiting`, and so on. */
export const told = (events: ReadonlyArray<LogEvent>): ReadonlyArray<string> =>
  events.map(({ from, seq, to, type }) => `${seq} ${type} ${from}>${to}`)

/** The store's clock in milliseconds since 1970. */
export const storeNow = Effect.flatMap(JobQueries, (queries) => Effect.map(queries.totals, ({ readAt }) => readAt))

export const settlementOf = (job: ClaimedJob, next: Settlement["next"]): Settlement => ({
  jobId: job.jobId,
  token: job.token,
  attempt: job.attempt,
  runMillis: 12,
  traceparent: job.traceparent,
  correlationId: job.correlationId,
  next
})

export const complete: Settlement["next"] = { _tag: "complete", result: "{\"answer\":42}" }
export const trouble = { name: "Error", message: "no luck", retryable: true }
export const retry = (delayMillis: number): Settlement["next"] => ({ _tag: "retry", error: trouble, delayMillis })
export const die: Settlement["next"] = { _tag: "die", error: trouble, reason: "exhausted" }
