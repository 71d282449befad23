/** What one log row adds to the live numbers: sums that may be added in any order. */
import type { EventType, LogEvent, LogRow } from "#domain/JobEvent.ts"
import {
  latencyBoundsMillis,
  latencySlotSeconds,
  type RecentJob,
  recentJobsPerRow,
  throughputHorizonSeconds,
  type ThroughputPoint
} from "./LiveStats.ts"

export type Rate = Exclude<keyof ThroughputPoint, "second">

/** Events of one kind in one second. */
export interface RateSum {
  readonly second: number
  readonly rate: Rate
  count: number
}

/** Latencies of one type in one slot: counts by bucket. */
export interface LatencySum {
  /** Number of the slot: seconds since 1970 divided by `latencySlotSeconds`. */
  readonly slot: number
  readonly type: string
  readonly wait: Map<number, number>
  readonly run: Map<number, number>
}

export interface RecentEntry extends RecentJob {
  readonly seq: number
}

export interface LiveContribution {
  readonly rates: ReadonlyArray<RateSum>
  readonly latencies: ReadonlyArray<LatencySum>
  /** Each job once, the newest `recentJobsPerRow`. */
  readonly recent: ReadonlyArray<RecentEntry>
}

const rateOf: Partial<Record<EventType, Rate>> = {
  created: "created",
  started: "started",
  completed: "completed",
  "attempt-failed": "failed",
  "dead-lettered": "dead",
  cancelled: "cancelled"
}

/** The bucket that a latency falls into: the first whose bound is not below it. */
export const bucketOf = (millis: number): number => {
  const bucket = latencyBoundsMillis.findIndex((bound) => millis <= bound)
  return bucket === -1 ? latencyBoundsMillis.length : bucket
}

export const slotOf = (atMillis: number): number => Math.floor(atMillis / 1_000 / latencySlotSeconds)

const millisIn = (event: LogEvent, name: "waitMillis" | "runMillis"): number | undefined => {
  const value = event.data?.[name]
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, value) : undefined
}

/** `now`: milliseconds since 1970. Events further away from it than the horizon, either way, add to no rate or latency. */
export const contributionOf = (row: LogRow, now: number): LiveContribution => {
  const horizonMillis = throughputHorizonSeconds * 1_000
  const rates = new Map<string, RateSum>()
  const latencies = new Map<string, LatencySum>()

  const addLatency = (event: LogEvent, kind: "wait" | "run", millis: number | undefined) => {
    if (millis === undefined || event.jobType === undefined) return
    const slot = slotOf(event.at)
    const key = `${slot} ${event.jobType}`
    let sum = latencies.get(key)
    if (sum === undefined) {
      sum = { slot, type: event.jobType, wait: new Map(), run: new Map() }
      latencies.set(key, sum)
    }
    const bucket = bucketOf(millis)
    sum[kind].set(bucket, (sum[kind].get(bucket) ?? 0) + 1)
  }

  for (const event of row.events) {
    const rate = rateOf[event.type]
    if (rate === undefined || Math.abs(now - event.at) > horizonMillis) continue
    const second = Math.floor(event.at / 1_000)
    const key = `${second}${rate}`
    const sum = rates.get(key)
    if (sum === undefined) rates.set(key, { second, rate, count: 1 })
    else sum.count++
    if (rate === "started") addLatency(event, "wait", millisIn(event, "waitMillis"))
    else if (rate === "completed" || rate === "failed") addLatency(event, "run", millisIn(event, "runMillis"))
  }
  return { rates: [...rates.values()], latencies: [...latencies.values()], recent: recentOf(row) }
}

/** From the end of the row backwards: a transaction writes the events of a job in their order. */
const recentOf = (row: LogRow): ReadonlyArray<RecentEntry> => {
  const newest = new Map<string, RecentEntry>()
  for (let index = row.events.length - 1; index >= 0 && newest.size < recentJobsPerRow; index--) {
    const event = row.events[index]
    if (event?.job === undefined || event.seq === undefined || newest.has(event.job)) continue
    newest.set(event.job, {
      jobId: event.job,
      type: event.jobType ?? "",
      queue: event.queue,
      event: event.type,
      at: event.at,
      seq: event.seq
    })
  }
  return [...newest.values()]
}
