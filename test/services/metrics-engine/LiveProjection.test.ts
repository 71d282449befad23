import type { LogRow } from "#domain/JobEvent.ts"
import { LiveProjection } from "#services/metrics-engine/LiveProjection.ts"
import * as MetricsEngine from "#services/metrics-engine/MetricsEngine.ts"
import { transactionMillis } from "#services/metrics-engine/SettledIds.ts"
import { EventArchive } from "#services/ports/EventArchive.ts"
import { LiveStats, throughputHorizonSeconds } from "#services/ports/LiveStats.ts"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { lifeOf, logEvent, logRow } from "../../support/LogRows.ts"
import { layer, metric, noon, numbers, numbersOf, pass, relay, Trouble, write } from "./Spine.ts"

/** An engine that the test stops. */
const startEngine = Effect.gen(function*() {
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(MetricsEngine.layer(), scope)
  yield* pass("1 second")
  return { stop: Scope.close(scope, Exit.void), rebuild: Context.get(context, LiveProjection).rebuild }
})

const given = Effect.gen(function*() {
  yield* TestClock.setTime(noon)
  return { trouble: yield* Trouble, live: yield* LiveStats, archive: yield* EventArchive }
})

/** Rows of as many jobs, one second apart, written now. */
const jobs = (count: number, firstId: number, at: number): ReadonlyArray<LogRow> =>
  Array.from(
    { length: count },
    (_, index) =>
      lifeOf({ firstId: firstId + 3 * index, at: at - index * 1_000, waitMillis: index % 40, runMillis: index % 900 })
  )
    .flat()

const deliver = (rows: ReadonlyArray<LogRow>) => Effect.andThen(write(rows), relay())

const isRebuilding = Effect.flatMap(LiveStats, ({ freshness }) => Effect.map(freshness, ({ rebuilding }) => rebuilding))

describe("LiveProjection", () => {
  it.effect("is complete when it has gone over an empty archive, and stays so while rows arrive", () =>
    Effect.gen(function*() {
      yield* given
      const before = yield* isRebuilding
      yield* startEngine
      yield* deliver([])
      yield* pass("1 second")

      yield* deliver(jobs(5, 1, noon))
      yield* pass("2 seconds")

      assert.isTrue(before)
      assert.isFalse(yield* isRebuilding)
    }).pipe(Effect.provide(layer)))

  it.effect("holds up nothing while the live numbers are away, and catches up exactly when they are back", () =>
    Effect.gen(function*() {
      const { archive, trouble } = yield* given
      yield* startEngine
      const [first, missed, last] = [jobs(20, 1, noon), jobs(30, 100, noon), jobs(10, 200, noon)]
      yield* deliver(first)
      yield* pass("1 second")

      trouble.liveIsAway = true
      yield* deliver(missed)
      yield* pass("2 minutes")
      const archivedMeanwhile = yield* archive.absent(1, missed.map(({ position }) => position.id))
      const { liveCalls } = trouble.asked
      trouble.liveIsAway = false
      yield* deliver(last)
      yield* pass("10 seconds")

      assert.deepStrictEqual(archivedMeanwhile, [])
      assert.isBelow(liveCalls, 100)
      assert.deepStrictEqual(yield* numbers, yield* numbersOf([...first, ...missed, ...last]))
    }).pipe(Effect.provide(layer)))

  it.effect("counts at once what could not be counted the first time", () =>
    Effect.gen(function*() {
      const { trouble } = yield* given
      yield* startEngine
      const [before, failed] = [jobs(5, 1, noon), jobs(20, 100, noon)]
      yield* deliver(before)
      yield* pass("1 second")

      trouble.failingCounts = 1
      yield* deliver(failed)
      yield* pass("1 second")

      assert.deepStrictEqual(yield* numbers, yield* numbersOf([...before, ...failed]))
    }).pipe(Effect.provide(layer)))

  it.effect("comes to the numbers from before when they were lost", () =>
    Effect.gen(function*() {
      const { live } = yield* given
      yield* startEngine
      yield* deliver(jobs(400, 1, noon))
      yield* pass("2 minutes")
      const before = yield* numbers

      yield* live.clear
      const lost = [yield* numbers, yield* isRebuilding]
      yield* pass("2 seconds")

      assert.deepStrictEqual(lost, [
        { throughput: [], latencies: [], recent: [], newestRowAt: undefined },
        true
      ])
      assert.deepStrictEqual(yield* numbers, before)
      assert.isFalse(yield* isRebuilding)
    }).pipe(Effect.provide(layer)))

  it.effect("counts on while it rebuilds", () =>
    Effect.gen(function*() {
      yield* given
      const engine = yield* startEngine
      const [before, during] = [jobs(400, 1, noon), jobs(20, 5_000, noon)]
      yield* deliver(before)
      yield* pass("1 second")

      yield* engine.rebuild
      yield* deliver(during)
      yield* pass("2 seconds")

      assert.deepStrictEqual(yield* numbers, yield* numbersOf([...before, ...during]))
      assert.isFalse(yield* isRebuilding)
    }).pipe(Effect.provide(layer)))

  it.effect("counts what was archived by a program that ended before it could count", () =>
    Effect.gen(function*() {
      const { archive } = yield* given
      const rows = jobs(50, 1, noon)
      const engine = yield* startEngine
      yield* deliver(rows.slice(0, 60))
      yield* pass("1 second")
      yield* engine.stop

      yield* archive.store(rows)
      yield* startEngine

      assert.deepStrictEqual(yield* numbers, yield* numbersOf(rows))
    }).pipe(Effect.provide(layer)))

  it.effect("counts that as soon as the archive answers", () =>
    Effect.gen(function*() {
      const { archive, trouble } = yield* given
      const rows = jobs(50, 1, noon)
      const engine = yield* startEngine
      yield* deliver(rows.slice(0, 60))
      yield* pass("1 second")
      yield* engine.stop
      yield* archive.store(rows)

      trouble.archiveIsAway = true
      yield* startEngine
      yield* pass("1 minute")
      trouble.archiveIsAway = false
      yield* pass("6 seconds")

      assert.deepStrictEqual(yield* numbers, yield* numbersOf(rows))
    }).pipe(Effect.provide(layer)))

  it.effect("leaves to the sweep what is too much to wait, and counts all of it", () =>
    Effect.gen(function*() {
      const { trouble } = yield* given
      yield* startEngine
      const events = Array.from({ length: 500 }, () => logEvent({ type: "created", at: noon }))
      const rows = Array.from({ length: 300 }, (_, index) => logRow({ id: index + 1, at: noon, events }))

      yield* deliver(rows)
      yield* pass("5 seconds")

      assert.strictEqual((yield* numbers).throughput[0]?.created, 150_000)
      assert.isAbove(trouble.asked.rowsRead, 0)
    }).pipe(Effect.provide(layer)))

  it.effect("finds a row that became visible late, with an id below others that were counted long ago", () =>
    Effect.gen(function*() {
      const { archive } = yield* given
      yield* startEngine
      const late = logRow({ id: 50, at: noon, events: [logEvent({ type: "created", at: noon })], xid: 200 })
      const early = jobs(10, 100, noon).map(({ at, events, position: { id } }) => logRow({ at, events, id, xid: 100 }))
      yield* deliver(early)
      yield* pass("1 second")

      // By another program, which ends before it counts.
      yield* write([late])
      yield* archive.store([late])
      const later = lifeOf({ firstId: 300, at: noon + 2 * transactionMillis })
      yield* pass(2 * transactionMillis)
      yield* deliver(later)
      yield* pass("5 seconds")

      assert.deepStrictEqual(yield* numbers, yield* numbersOf([...early, late, ...later]))
    }).pipe(Effect.provide(layer)))

  it.effect("looks at every row once when nothing is wrong", () =>
    Effect.gen(function*() {
      const { live, trouble } = yield* given
      yield* startEngine
      for (let minute = 0; minute < 10; minute++) {
        yield* deliver(jobs(20, 1 + 100 * minute, yield* Clock.currentTimeMillis))
        yield* pass("1 minute")
      }

      assert.strictEqual(trouble.asked.rowsRead, 0)
      assert.isAbove(Number((yield* live.progress(1)).verified), 500)
      assert.isBelow(Number((yield* live.progress(1)).verified), 700)
    }).pipe(Effect.provide(layer)))

  it.effect("reads the last hour for a rebuild, and the recent jobs however old they are", () =>
    Effect.gen(function*() {
      const { archive, live, trouble } = yield* given
      const longAgo = noon - 10 * throughputHorizonSeconds * 1_000
      const old = Array.from(
        { length: 6_000 },
        (_, index) =>
          logRow({
            id: index + 1,
            at: longAgo + index * 100,
            events: [logEvent({ type: "created", at: longAgo + index * 100 })]
          })
      )
      const young = jobs(100, 30_000, noon)
      yield* archive.store([...old, ...young])
      yield* write(young)

      yield* startEngine

      assert.isBelow(trouble.asked.rowsRead, 2_500)
      const { newestRowAt, ...shown } = yield* numbers
      const { newestRowAt: newestOfAll, ...expected } = yield* numbersOf([...old, ...young])
      assert.deepStrictEqual(shown, expected)
      assert.strictEqual(newestRowAt, newestOfAll)
      assert.isFalse(yield* isRebuilding)
      assert.isAbove(Number((yield* live.progress(1)).verified), 4_000)
    }).pipe(Effect.provide(layer)))

  it.effect("finds the recent jobs of a system that has rested for long", () =>
    Effect.gen(function*() {
      const { archive } = yield* given
      const yesterday = noon - 24 * throughputHorizonSeconds * 1_000
      // The search for the last hour ends just behind the 7,000th row.
      const old = Array.from({ length: 7_020 }, (_, index) =>
        logRow({
          id: index + 1,
          at: yesterday + index * 100,
          events: [logEvent({ type: "created", at: yesterday + index * 100 })]
        }))
      yield* archive.store(old)
      yield* write(old.slice(-1))

      yield* startEngine

      assert.deepStrictEqual(yield* numbers, yield* numbersOf(old))
    }).pipe(Effect.provide(layer)))

  it.effect("finds a young row among older ones that a clock set back has put behind it", () =>
    Effect.gen(function*() {
      const { archive } = yield* given
      const minute = 60_000
      const minutesAgo = (id: number) => id < 6_000 ? 600 : id === 6_000 ? 58 : id < 8_000 ? 62 : 0
      const rows = Array.from({ length: 9_100 }, (_, index) => {
        const at = noon - minutesAgo(index + 1) * minute
        return logRow({ id: index + 1, at, events: [logEvent({ type: "created", at })] })
      })
      yield* archive.store(rows)
      yield* write(rows.slice(-1))

      yield* startEngine

      const created = (yield* numbers).throughput.map((point) => point.created)
      assert.deepStrictEqual(created, [1, 1_101])
    }).pipe(Effect.provide(layer)))

  it.effect("tells how far behind it is", () =>
    Effect.gen(function*() {
      const { trouble } = yield* given
      yield* startEngine
      yield* deliver(lifeOf({ firstId: 1, at: noon - 10 }))
      yield* pass("1 millis")
      const fresh = yield* metric("odto_live_lag_seconds")

      trouble.liveIsAway = true
      yield* pass("1 minute")

      assert.isBelow(fresh, 2)
      assert.isAbove(yield* metric("odto_live_lag_seconds"), 30)
    }).pipe(Effect.provide(layer)))
})
