import { start } from "#domain/Position.ts"
import { Broker } from "#services/ports/Broker.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { latencyBoundsMillis, LiveStats, LiveStatsError } from "#services/ports/LiveStats.ts"
import * as Memory from "#services/ports/memory/Memory.ts"
import * as MemoryBroker from "#services/ports/memory/MemoryBroker.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { layer as layerLiveStats } from "#services/ports/memory/MemoryLiveStats.ts"
import { Metrics } from "#services/ports/Metrics.ts"
import { LiveFeed } from "#services/read-model/LiveFeed.ts"
import { bucketsOf, Numbers, quantile, summaryOf } from "#services/read-model/Numbers.ts"
import { TruthName } from "#services/read-model/Reading.ts"
import { TruthViews } from "#services/read-model/TruthViews.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { lifeOf } from "../../support/LogRows.ts"
import { accept, newJob } from "../../support/Seed.ts"

const backing = Layer.mergeAll(
  Memory.layerMemory,
  MemoryBroker.layerWith({}),
  Metrics.layerMemory,
  Layer.succeed(TruthName, "memory")
)
const numbersOver = (live: Layer.Layer<LiveStats>) =>
  Layer.fresh(
    Numbers.layer.pipe(
      Layer.provideMerge(Layer.merge(TruthViews.layer, LiveFeed.layer)),
      Layer.provideMerge(Layer.merge(backing, live))
    )
  )
const away = Effect.fail(new LiveStatsError({ operation: "answer", cause: "away" }))
const liveDown = Layer.mock(LiveStats, {
  name: "redis",
  latencies: away,
  freshness: away,
  clear: away,
  recent: () => away,
  throughput: () => away
})

describe("Numbers", () => {
  it.effect("says of each group where it comes from and how old it is", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(100_000)
      const live = yield* LiveStats
      const numbers = yield* Numbers
      yield* live.apply(lifeOf({ firstId: 1, at: 99_000, waitMillis: 7, runMillis: 40 }))
      const stats = yield* numbers.stats

      assert.deepInclude(stats.jobs, { status: "ok", accepted: 0, pruned: 0 })
      assert.isTrue(stats.jobs.status === "ok" && stats.jobs.freshness.source === "memory")
      assert.isTrue(stats.latencies.status === "ok")
      if (stats.latencies.status === "ok") {
        assert.deepStrictEqual(stats.latencies.types, [{
          type: "demo.noop",
          wait: { count: 1, p50Millis: 10, p95Millis: 10, p99Millis: 10 },
          run: { count: 1, p50Millis: 50, p95Millis: 50, p99Millis: 50 }
        }])
      }
      assert.deepInclude(stats.broker, { status: "ok", connected: true })
      assert.deepInclude(stats.relay, { status: "ok", lagMillis: 0, epoch: 1 })
    }).pipe(Effect.provide(numbersOver(layerLiveStats))))

  it.effect("says that live numbers are as old as the oldest row that they do not hold, however long it was quiet", () =>
    Effect.gen(function*() {
      const live = yield* LiveStats
      const broker = yield* Broker
      const numbers = yield* Numbers
      const old = lifeOf({ firstId: 1, at: 1_000 })
      yield* TestClock.setTime(3_600_000)
      yield* live.apply(old)
      const idle = yield* numbers.recent(1)
      const fresh = lifeOf({ firstId: 4, at: 3_599_000 })
      yield* Effect.forEach(
        fresh,
        (row, index) => broker.sendLog([{ row, previous: fresh[index - 1]?.position ?? start }])
      )
      yield* TestClock.adjust("1 seconds")
      const behind = yield* numbers.recent(1)
      yield* live.apply(fresh)
      const again = yield* numbers.recent(1)

      assert.strictEqual(idle.freshness.ageMillis, 0)
      assert.strictEqual(behind.freshness.ageMillis, 2_000)
      assert.strictEqual(again.freshness.ageMillis, 0)
    }).pipe(Effect.provide(numbersOver(layerLiveStats))))

  it.effect("does not call live numbers new when it has just started and what they lack was written before", () =>
    Effect.gen(function*() {
      const live = yield* LiveStats
      yield* TestClock.setTime(3_600_000)
      yield* accept(newJob())
      yield* live.apply(yield* Effect.flatMap(EventLog, (log) => log.after(start, 10)))
      yield* TestClock.adjust("1 minute")
      yield* accept(newJob())
      yield* TestClock.adjust("1 minute")
      const numbers = yield* Effect.provide(
        Numbers,
        Layer.fresh(Numbers.layer.pipe(Layer.provide(LiveFeed.layer)))
      )
      const { freshness } = yield* numbers.recent(1)

      assert.deepStrictEqual([freshness.ageMillis, freshness.stale], [60_000, true])
    }).pipe(Effect.provide(numbersOver(layerLiveStats))))

  it.effect("shows a store that is down as down, beside the groups of those that are not", () =>
    Effect.gen(function*() {
      const numbers = yield* Numbers
      const stats = yield* numbers.stats

      assert.deepInclude(stats.latencies, { status: "down", source: "redis" })
      assert.deepInclude(stats.jobs, { status: "ok" })
      assert.strictEqual((yield* Effect.flip(numbers.throughput(60, 1))).source, "redis")
      assert.strictEqual((yield* Effect.flip(numbers.recent(10))).source, "redis")
      assert.strictEqual((yield* Effect.flip(numbers.rebuild)).source, "redis")
    }).pipe(Effect.provide(numbersOver(liveDown))))

  it.effect("shows the truth and the broker as down, and never as zeros", () =>
    Effect.gen(function*() {
      const numbers = yield* Numbers
      yield* (yield* MemoryFaults).outage
      yield* (yield* MemoryBroker.BrokerFaults).outage
      const stats = yield* numbers.stats

      assert.deepStrictEqual(
        [stats.jobs.status, stats.workers.status, stats.relay.status, stats.broker.status, stats.latencies.status],
        ["down", "down", "down", "down", "ok"]
      )
    }).pipe(Effect.provide(numbersOver(layerLiveStats))))

  it.effect("gives up on a store that does not answer, and says so", () =>
    Effect.gen(function*() {
      const numbers = yield* Numbers
      yield* (yield* MemoryFaults).order("JobQueries.totals", { _tag: "Hang" })
      const fiber = yield* Effect.forkChild(numbers.stats)
      yield* TestClock.adjust("5 seconds")
      const stats = yield* Fiber.join(fiber)

      assert.deepStrictEqual(stats.jobs, { status: "down", source: "memory", detail: "no answer within 5 seconds" })
    }).pipe(Effect.provide(numbersOver(layerLiveStats))))

  it.effect("reads the totals once for all who ask within a moment, and says how old they are", () =>
    Effect.gen(function*() {
      let reads = 0
      const queries = yield* JobQueries
      const views = yield* Effect.provide(
        TruthViews,
        Layer.fresh(TruthViews.layer).pipe(
          Layer.provide(Layer.succeed(JobQueries, {
            ...queries,
            totals: Effect.suspend(() => {
              reads++
              return queries.totals
            })
          }))
        )
      )
      yield* Effect.all([views.totals, views.totals, views.totals], { concurrency: 3 })
      yield* TestClock.adjust(200)
      const again = yield* views.totals
      yield* TestClock.adjust(200)
      yield* views.totals

      assert.strictEqual(again.freshness.ageMillis, 200)
      assert.strictEqual(reads, 2)
    }).pipe(Effect.provide(numbersOver(layerLiveStats))))

  it.effect("answers rates without gaps, per second or per bucket", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000)
      const live = yield* LiveStats
      const numbers = yield* Numbers
      yield* live.apply(lifeOf({ firstId: 1, at: 995_000 }))
      const bySecond = yield* numbers.throughput(10, 1)
      const byTen = yield* numbers.throughput(60, 10)

      assert.lengthOf(bySecond.value, 10)
      assert.deepInclude(bySecond.value[4], { at: new Date(995_000).toISOString(), created: 1, completed: 1 })
      assert.deepInclude(bySecond.value[3], { created: 0 })
      assert.deepStrictEqual(byTen.value.map(({ created }) => created), [0, 0, 0, 0, 0, 1, 0])
    }).pipe(Effect.provide(numbersOver(layerLiveStats))))

  it.effect("counts the live numbers anew when told to", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000)
      const live = yield* LiveStats
      const numbers = yield* Numbers
      yield* live.apply(lifeOf({ firstId: 1, at: 995_000 }))
      yield* numbers.rebuild
      const { rebuilding, value } = yield* numbers.recent(10)

      assert.deepStrictEqual(value, [])
      assert.isTrue(rebuilding)
    }).pipe(Effect.provide(numbersOver(layerLiveStats))))

  it("answers a quantile as the bound of its bucket, and nothing without observations or past the last bound", () => {
    const buckets = (entries: Record<number, number>) =>
      Array.from({ length: latencyBoundsMillis.length + 1 }, (_, index) => entries[index] ?? 0)

    assert.deepStrictEqual(summaryOf(buckets({})), { count: 0, p50Millis: null, p95Millis: null, p99Millis: null })
    assert.strictEqual(quantile(buckets({ 0: 50, 6: 50 }), 0.5), 1)
    assert.strictEqual(quantile(buckets({ 0: 50, 6: 50 }), 0.51), 100)
    assert.isNull(quantile(buckets({ [latencyBoundsMillis.length]: 1 }), 0.5))
  })

  it("leaves out what lies before the first bucket", () => {
    const point = { second: 5, created: 1, started: 0, completed: 0, failed: 0, dead: 0, cancelled: 0 }

    assert.deepStrictEqual(bucketsOf([point], 10, 12, 1).map(({ created }) => created), [0, 0, 0])
  })
})
