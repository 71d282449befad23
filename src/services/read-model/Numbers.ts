/** The numbers of the whole system: each group from the one store that owns it, with its age, or said to be down. */
import type { Freshness } from "#domain/contract/Freshness.ts"
import type { LatencySummary, Stats } from "#domain/contract/ReadModelViews.ts"
import { format } from "#domain/Position.ts"
import { Clock, Context, Effect, Layer } from "effect"
import { Broker } from "../ports/Broker.ts"
import { EventLog } from "../ports/EventLog.ts"
import { latencyBoundsMillis, LiveStats, type RecentJob, type ThroughputPoint } from "../ports/LiveStats.ts"
import { LiveFeed } from "./LiveFeed.ts"
import { answerOf, freshness, isoOf, orDown, shared, type SourceDown, TruthName } from "./Reading.ts"
import { TruthViews } from "./TruthViews.ts"

type ThroughputView = Omit<ThroughputPoint, "second"> & { readonly at: string }

/** The bound below which a share of the observations lies; null when there are none or it lies past the last bound. */
export const quantile = (buckets: ReadonlyArray<number>, share: number): number | null => {
  const count = buckets.reduce((sum, n) => sum + n, 0)
  if (count === 0) return null
  let seen = 0
  for (const [index, n] of buckets.entries()) {
    seen += n
    if (seen >= share * count) return latencyBoundsMillis[index] ?? null
  }
  return null
}

export const summaryOf = (buckets: ReadonlyArray<number>): LatencySummary => ({
  count: buckets.reduce((sum, n) => sum + n, 0),
  p50Millis: quantile(buckets, 0.5),
  p95Millis: quantile(buckets, 0.95),
  p99Millis: quantile(buckets, 0.99)
})

/** Sums of the points per bucket, from the bucket of `fromSecond` to that of `toSecond`, without gaps. */
export const bucketsOf = (
  points: ReadonlyArray<ThroughputPoint>,
  fromSecond: number,
  toSecond: number,
  bucketSeconds: number
): ReadonlyArray<ThroughputView> => {
  const bucketOf = (second: number) => Math.floor(second / bucketSeconds) * bucketSeconds
  const buckets = new Map<number, Omit<ThroughputPoint, "second">>()
  for (let second = bucketOf(fromSecond); second <= toSecond; second += bucketSeconds) {
    buckets.set(second, { created: 0, started: 0, completed: 0, failed: 0, dead: 0, cancelled: 0 })
  }
  for (const point of points) {
    const bucket = bucketOf(point.second)
    const sum = buckets.get(bucket)
    if (sum === undefined) continue
    buckets.set(bucket, {
      created: sum.created + point.created,
      started: sum.started + point.started,
      completed: sum.completed + point.completed,
      failed: sum.failed + point.failed,
      dead: sum.dead + point.dead,
      cancelled: sum.cancelled + point.cancelled
    })
  }
  return Array.from(buckets, ([second, sums]) => Object.assign({ at: isoOf(second * 1_000) }, sums))
}

interface Live<A> {
  readonly value: A
  readonly rebuilding: boolean
  readonly freshness: Freshness
}

export class Numbers extends Context.Service<Numbers, {
  readonly stats: Effect.Effect<Stats>
  readonly throughput: (
    seconds: number,
    bucketSeconds: number
  ) => Effect.Effect<Live<ReadonlyArray<ThroughputView>>, SourceDown>
  readonly recent: (limit: number) => Effect.Effect<Live<ReadonlyArray<RecentJob>>, SourceDown>
  /** Forgets the live numbers; the metrics engine counts them again from the archive. */
  readonly rebuild: Effect.Effect<void, SourceDown>
}>()("odto/services/read-model/Numbers") {
  static readonly layer = Layer.effect(
    Numbers,
    Effect.gen(function*() {
      const views = yield* TruthViews
      const live = yield* LiveStats
      const log = yield* EventLog
      const broker = yield* Broker
      const feed = yield* LiveFeed
      const truth = yield* TruthName

      /** Live numbers are as old as the oldest row that they do not hold. */
      const ofLive = <A, E extends { readonly message: string }>(read: Effect.Effect<A, E>) =>
        Effect.gen(function*() {
          const [value, state] = yield* answerOf(live.name, Effect.all([read, live.freshness], { concurrency: 2 }))
          const now = yield* Clock.currentTimeMillis
          const uncounted = yield* feed.oldestSince(state.newestRowAt ?? 0)
          const behind = uncounted === undefined ? 0 : now - uncounted
          return { value, rebuilding: state.rebuilding, freshness: freshness(live.name, now, behind, state.rebuilding) }
        })

      const relay = yield* shared(
        truth,
        Effect.zipWith(log.head, Clock.currentTimeMillis, (value, readAt) => ({ value, readAt }))
      )
      const latencies = ofLive(live.latencies)

      return Numbers.of({
        stats: Effect.gen(function*() {
          const [jobs, workers, relayed, latency, health, now] = yield* Effect.all([
            orDown(views.totals),
            orDown(views.workers),
            orDown(relay),
            orDown(latencies),
            broker.health,
            Clock.currentTimeMillis
          ], { concurrency: "unbounded" })
          const ok = { status: "ok" as const }
          const stats: Stats = {
            jobs: "status" in jobs ? jobs : { ...ok, ...jobs.value, freshness: jobs.freshness },
            workers: "status" in workers ? workers : {
              ...ok,
              live: workers.value.filter((worker) => worker.state === "live").length,
              slots: workers.value.reduce((sum, worker) => sum + (worker.state === "live" ? worker.slots : 0), 0),
              running: workers.value.reduce((sum, worker) => sum + worker.running, 0),
              freshness: workers.freshness
            },
            relay: "status" in relayed ? relayed : {
              ...ok,
              epoch: relayed.value.epoch,
              closed: format(relayed.value.closed),
              relayed: format(relayed.value.relayed),
              lagMillis: Math.round(relayed.value.relayLagMillis),
              freshness: relayed.freshness
            },
            latencies: "status" in latency ? latency : {
              ...ok,
              types: latency.value.map(({ run, type, wait }) => ({ type, wait: summaryOf(wait), run: summaryOf(run) })),
              rebuilding: latency.rebuilding,
              freshness: latency.freshness
            },
            broker: health.connected
              ? { ...ok, connected: true, freshness: freshness("broker", now, 0) }
              : { status: "down", source: "broker", detail: health.detail ?? "no connection" }
          }
          return stats
        }),
        throughput: Effect.fn("Numbers.throughput")(function*(seconds, bucketSeconds) {
          const toSecond = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
          const fromSecond = toSecond - seconds + 1
          const answer = yield* ofLive(live.throughput(Math.floor(fromSecond / bucketSeconds) * bucketSeconds))
          return { ...answer, value: bucketsOf(answer.value, fromSecond, toSecond, bucketSeconds) }
        }),
        recent: (limit) => ofLive(live.recent(limit)),
        rebuild: answerOf(live.name, live.clear)
      })
    })
  )
}
