/** Requests per caller: a bucket of tokens that fills evenly. In this process only, to keep one caller from starving the rest. */

/** Callers that are told apart; the one that has been quiet longest is forgotten, and starts with a full bucket. */
const maxCallers = 10_000

export interface RateLimitOptions {
  readonly perSecond: number
  /** Requests that may come at once. Default: two seconds' worth. */
  readonly burst?: number
}

/** Answers the seconds to wait; 0 when the request may pass. `nowMillis` must not go back. */
export type RateLimit = (caller: string, nowMillis: number) => number

export const make = ({ perSecond, burst = 2 * perSecond }: RateLimitOptions): RateLimit => {
  const buckets = new Map<string, { tokens: number; atMillis: number }>()
  return (caller, nowMillis) => {
    let bucket = buckets.get(caller)
    if (bucket === undefined) {
      const oldest = buckets.size < maxCallers ? undefined : buckets.keys().next().value
      if (oldest !== undefined) buckets.delete(oldest)
      bucket = { tokens: burst, atMillis: nowMillis }
      buckets.set(caller, bucket)
    } else if (buckets.size === maxCallers) {
      buckets.delete(caller)
      buckets.set(caller, bucket)
    }
    bucket.tokens = Math.min(burst, bucket.tokens + (nowMillis - bucket.atMillis) * perSecond / 1_000)
    bucket.atMillis = nowMillis
    if (bucket.tokens < 1) return (1 - bucket.tokens) / perSecond
    bucket.tokens -= 1
    return 0
  }
}
