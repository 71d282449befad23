/** When a failed job runs again: exponential backoff with full jitter, bounded. */
import { Schema } from "effect"

/**
 * Full jitter draws the delay evenly from zero to the exponential bound: it spreads a burst of failures best
 * (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 */
export const BackoffPolicy = Schema.Struct({
  /** Bound of the first delay. */
  baseMillis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 24 * 60 * 60 * 1000 })),
  factor: Schema.Finite.check(Schema.isBetween({ minimum: 1, maximum: 10 })),
  /** No delay is longer than this. */
  maxMillis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 24 * 60 * 60 * 1000 })),
  jitter: Schema.Literals(["full", "none"])
}).annotate({ identifier: "BackoffPolicy" })
export type BackoffPolicy = typeof BackoffPolicy.Type

export const defaultBackoff: BackoffPolicy = { baseMillis: 1_000, factor: 2, maxMillis: 5 * 60_000, jitter: "full" }
export const defaultMaxAttempts = 5
/** A type without a timeout of its own would hold its slot for ever. */
export const defaultTimeoutMillis = 15 * 60_000

/**
 * Milliseconds until the next attempt. `failures` counts failed attempts so far, the one just failed included (1 or
 * more); `random` is in [0, 1).
 */
export const nextDelay = (policy: BackoffPolicy, failures: number, random: number): number => {
  // Many failures take the power past the largest number, and zero times infinity is no number.
  const growth = Math.min(Number.MAX_VALUE, policy.factor ** Math.max(0, failures - 1))
  const bound = Math.min(policy.maxMillis, policy.baseMillis * growth)
  return Math.round(policy.jitter === "full" ? bound * random : bound)
}
