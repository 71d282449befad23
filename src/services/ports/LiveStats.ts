/**
 * Live aggregates of the event stream: rates, latency histograms, recent jobs (rule 25).
 *
 * Every log row is counted once however often it is applied: a bit per row and epoch says that it was. Everything here
 * can be rebuilt from the archive. Gauges (waiting, running …) are not here: they come from the store of truth.
 */
import { Context, type Effect, Schema } from "effect"
import type { LogRow } from "#domain/JobEvent.ts"

export class LiveStatsError extends Schema.TaggedError<LiveStatsError>()("LiveStatsError", {
  operation: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `the live numbers could not ${this.operation}`
  }
}

/** Upper bounds in milliseconds of the latency buckets; a last bucket holds the rest. */
export const latencyBoundsMillis = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000
] as const

/** Seconds for which the rate of each second is kept. */
export const throughputHorizonSeconds = 3_600
/** Jobs in the recent list. */
export const recentJobsKept = 200

export interface ThroughputPoint {
  /** Start of the second, in seconds since 1970. */
  readonly second: number
  readonly created: number
  readonly started: number
  readonly completed: number
  readonly failed: number
  readonly dead: number
  readonly cancelled: number
}

/** Counts per bucket of `latencyBoundsMillis`, the overflow bucket last. */
export interface TypeLatency {
  readonly type: string
  /** Due to claimed. */
  readonly wait: ReadonlyArray<number>
  /** Claimed to ended, attempts that completed or failed. */
  readonly run: ReadonlyArray<number>
}

export interface RecentJob {
  readonly jobId: string
  readonly type: string
  readonly queue: string
  readonly event: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface LiveFreshness {
  /** When the newest applied row was written, milliseconds since 1970; undefined before the first. */
  readonly newestRowAt: number | undefined
  /** True while rows of the archive are known to be missing here. */
  readonly rebuilding: boolean
}

export class LiveStats extends Context.Service<LiveStats, {
  readonly name: string
  /** Counts rows that were not counted before; answers how many were. */
  readonly apply: (rows: ReadonlyArray<LogRow>) => Effect.Effect<number, LiveStatsError>
  /** Of these ids of an epoch, those that were not counted. */
  readonly missing: (epoch: number, ids: ReadonlyArray<bigint>) => Effect.Effect<ReadonlyArray<bigint>, LiveStatsError>
  /** Every id up to this one is known to be counted; 0 at first. */
  readonly verified: (epoch: number) => Effect.Effect<bigint, LiveStatsError>
  readonly setVerified: (epoch: number, id: bigint) => Effect.Effect<void, LiveStatsError>
  readonly setRebuilding: (rebuilding: boolean) => Effect.Effect<void, LiveStatsError>
  /** Forgets everything, so that the rebuild loop starts from the beginning. */
  readonly clear: Effect.Effect<void, LiveStatsError>
  /** One point per second with events, oldest first, from `fromSecond` on. */
  readonly throughput: (fromSecond: number) => Effect.Effect<ReadonlyArray<ThroughputPoint>, LiveStatsError>
  readonly latencies: Effect.Effect<ReadonlyArray<TypeLatency>, LiveStatsError>
  /** Newest first. */
  readonly recent: (limit: number) => Effect.Effect<ReadonlyArray<RecentJob>, LiveStatsError>
  readonly freshness: Effect.Effect<LiveFreshness, LiveStatsError>
}>()("odto/services/LiveStats") {}
