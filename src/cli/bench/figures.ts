/** What a measurement comes to: pure arithmetic. */

export interface Quantiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** Nearest rank: the smallest value that at least this share of the values does not exceed. */
const rank = (sorted: ReadonlyArray<number>, share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN

const rounded = (value: number): number => Math.round(value * 10) / 10

export const quantiles = (values: ReadonlyArray<number>): Quantiles => {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    p50: rounded(rank(sorted, 0.5)),
    p95: rounded(rank(sorted, 0.95)),
    p99: rounded(rank(sorted, 0.99)),
    max: rounded(sorted.at(-1) ?? Number.NaN)
  }
}

/**
 * When the n-th arrival (from 0) of an open loop is due, in milliseconds after the start. Latency counts from here and
 * not from when the generator got round to it: a stalled system must not slow down its own measurement ("coordinated
 * omission", G. Tene).
 */
export const dueMillis = (n: number, perSecond: number): number => (n * 1_000) / perSecond

/** What became of the jobs of a run. */
export interface Fate {
  readonly submitted: number
  /** Answered with 202. */
  readonly accepted: number
  readonly completed: number
  /** Accepted and not to be found, or not ended in time. */
  readonly lost: number
  /** Jobs that were claimed more than once. */
  readonly repeated: number
}

export interface Seen {
  readonly id: string
  readonly status: string
  readonly attempt: number
}

/** `accepted`: ids that were answered. A job seen twice in the lists would be one too many as well. */
export const fateOf = (submitted: number, accepted: ReadonlyArray<string>, seen: ReadonlyArray<Seen>): Fate => {
  const byId = new Map(seen.map((job) => [job.id, job]))
  const completed = accepted.filter((id) => byId.get(id)?.status === "completed").length
  return {
    submitted,
    accepted: accepted.length,
    completed,
    lost: accepted.length - completed,
    repeated: seen.filter(({ attempt }) => attempt > 1).length + (seen.length - byId.size)
  }
}
