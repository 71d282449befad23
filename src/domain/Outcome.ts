/**
 * What became of one attempt, and what follows from it.
 *
 * Outcomes are values: a handler that fails has done its part. `decideNext` is the only place that turns an outcome
 * into the next state of the job.
 */
import type { AttemptError } from "./Job.ts"
import { type BackoffPolicy, nextDelay } from "./Retry.ts"

export type Outcome =
  | { readonly _tag: "Completed"; readonly result: unknown }
  | { readonly _tag: "Failed"; readonly error: AttemptError }
  /** The handler stopped because somebody cancelled the job. */
  | { readonly _tag: "Cancelled" }
  /** The worker stops: the job goes back to its queue and no attempt is spent. */
  | { readonly _tag: "Released" }

/** What the attempt knows of its job when it ends. */
export interface AttemptStanding {
  /** Failed attempts before this one. */
  readonly failures: number
  readonly maxAttempts: number
  readonly backoff: BackoffPolicy
  readonly cancelRequested: boolean
}

export type Next =
  | { readonly _tag: "complete"; readonly result: unknown }
  | { readonly _tag: "retry"; readonly error: AttemptError; readonly delayMillis: number }
  | { readonly _tag: "die"; readonly error: AttemptError; readonly reason: "exhausted" | "non-retryable" }
  | { readonly _tag: "cancel" }
  | { readonly _tag: "release" }

/** `random` is in [0, 1). A failure of a job whose cancellation was asked for is its cancellation. */
export const decideNext = (outcome: Outcome, standing: AttemptStanding, random: number): Next => {
  switch (outcome._tag) {
    case "Completed":
      return { _tag: "complete", result: outcome.result }
    case "Cancelled":
      return { _tag: "cancel" }
    case "Released":
      return standing.cancelRequested ? { _tag: "cancel" } : { _tag: "release" }
    case "Failed": {
      const failures = standing.failures + 1
      if (standing.cancelRequested) return { _tag: "cancel" }
      if (!outcome.error.retryable) return { _tag: "die", error: outcome.error, reason: "non-retryable" }
      if (failures >= standing.maxAttempts) return { _tag: "die", error: outcome.error, reason: "exhausted" }
      return { _tag: "retry", error: outcome.error, delayMillis: nextDelay(standing.backoff, failures, random) }
    }
  }
}
