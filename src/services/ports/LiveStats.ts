/**
 * Live aggregates of the event stream: rates, latency histograms, recent jobs (rule 25).
 *
 * Every log row is counted once however often it is applied: a bit per row says that it was. Everything here can be
 * rebuilt from the archive and speaks of the last hour, so that memory stays bounded and a rebuild reads an hour of
 * history, not all of it. Gauges (waiting, running …) are not here: they come from the store of truth.
 *
 * After a restore or fail-over of the truth the log is told again in another epoch. So only rows of the newest epoch
 * count: its first row begins a new set of numbers, and rows of epochs before it are taken for counted.
 */
import type { LogRow } from "#domain/JobEvent.ts"
import { Context, type Effect, Schema } from "effect"

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
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  1_000,
  2_000,
  5_000,
  10_000,
  30_000,
  60_000,
  300_000,
  900_000,
  3_600_000
] as const

/** Seconds for which the rate of each second is kept. */
export const throughputHorizonSeconds = 3_600
/** Latencies are kept in slots of this many seconds, which are forgotten as a whole. */
export const latencySlotSeconds = 300
/** Age of the oldest event that a latency histogram may hold. */
export const latencyHorizonSeconds = throughputHorizonSeconds
/** Job types that a slot tells apart; those that come later share one histogram. Bounds memory, not the types in use. */
export const latencyTypesKept = 200
/** The name of that histogram, which no job type can have. */
export const otherTypes = "(other)"
/** Jobs in the recent list. */
export const recentJobsKept = 200
/** Jobs that one log row adds to the recent list: a batch of hundreds must not cost hundreds. */
export const recentJobsPerRow = 20

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
  /** True until every row of the archive is known to be counted: at first, after a loss, while catching up. */
  readonly rebuilding: boolean
}

/** How far the numbers are known to be complete. */
export interface LiveProgress {
  /** Names this set of numbers: another one after they were cleared or lost. */
  readonly generation: string
  /** Every row up to this id is counted, or too old to count; 0 at first. Such a row is never counted again. */
  readonly verified: bigint
  /** False until `advance` says so for this generation. */
  readonly complete: boolean
}

export class LiveStats extends Context.Service<LiveStats, {
  /** Which store answers: shown beside its numbers. */
  readonly name: string
  /** Counts rows that were not counted before; answers how many were. Safe to repeat after a failure. */
  readonly apply: (rows: ReadonlyArray<LogRow>) => Effect.Effect<number, LiveStatsError>
  /** Of these ids of an epoch, those that were not counted, in the order given. */
  readonly missing: (epoch: number, ids: ReadonlyArray<bigint>) => Effect.Effect<ReadonlyArray<bigint>, LiveStatsError>
  /** Of an epoch that is over: complete, as there is nothing to do. */
  readonly progress: (epoch: number) => Effect.Effect<LiveProgress, LiveStatsError>
  /**
   * Says that every row up to `verified` is counted, and with `complete` that all of the archive is. Never goes back.
   * False, and nothing is changed, when the generation is not the one that the caller looked at, or the epoch is over.
   */
  readonly advance: (progress: LiveProgress, epoch: number) => Effect.Effect<boolean, LiveStatsError>
  /** Forgets everything and begins a new generation. */
  readonly clear: Effect.Effect<void, LiveStatsError>
  /** One point per second with events, oldest first, from `fromSecond` on. */
  readonly throughput: (fromSecond: number) => Effect.Effect<ReadonlyArray<ThroughputPoint>, LiveStatsError>
  /** Of the last hour, by type name. */
  readonly latencies: Effect.Effect<ReadonlyArray<TypeLatency>, LiveStatsError>
  /** Newest first, each job once with its newest event. */
  readonly recent: (limit: number) => Effect.Effect<ReadonlyArray<RecentJob>, LiveStatsError>
  readonly freshness: Effect.Effect<LiveFreshness, LiveStatsError>
}>()("odto/services/LiveStats") {}
