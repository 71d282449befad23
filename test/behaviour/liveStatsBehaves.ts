import type { LogRow } from "#domain/JobEvent.ts"
import { LiveStats, recentJobsKept } from "#services/ports/LiveStats.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { lifeOf, logEvent, logRow } from "../support/LogRows.ts"
import { given, liveAggregatesBehave } from "./liveAggregatesBehave.ts"

/** What all stores of live numbers must do. The tests clear it and take it for themselves. */
export const liveStatsBehaves = <E>(name: string, implementation: Layer.Layer<LiveStats, E>) =>
  layer(implementation, { excludeTestServices: true, timeout: 30_000 })(`LiveStats: ${name}`, (it) => {
    liveAggregatesBehave(it)

    /** All that a reader can see but the generation. */
    const numbers = Effect.gen(function*() {
      const live = yield* LiveStats
      return {
        throughput: yield* live.throughput(0),
        latencies: yield* live.latencies,
        recent: yield* live.recent(recentJobsKept),
        newestRowAt: (yield* live.freshness).newestRowAt
      }
    })

    /** Lives of jobs of two types over several seconds, 3 rows each. */
    const busyMinute = (at: number): ReadonlyArray<LogRow> =>
      Array.from({ length: 30 }, (_, index) =>
        lifeOf({
          firstId: 1 + 3 * index,
          at: at - 60_000 + index * 700,
          waitMillis: index * 3,
          runMillis: index * 50,
          jobType: index % 2 === 0 ? "email.send" : "demo.noop"
        })).flat()

    it.effect("counts a row once, however often and beside whatever it is applied", () =>
      Effect.gen(function*() {
        const { at, live } = yield* given
        const rows = lifeOf({ firstId: 1, at })

        const first = yield* live.apply(rows.slice(0, 2))
        const again = yield* live.apply([...rows, ...rows])

        assert.strictEqual(first, 2)
        assert.strictEqual(again, 1)
        assert.strictEqual(yield* live.apply(rows), 0)
        assert.strictEqual(yield* live.apply([]), 0)
        const total = (yield* live.throughput(0)).reduce((sum, { completed }) => sum + completed, 0)
        assert.strictEqual(total, 1)
      }))

    it.effect("comes to the same numbers in any order of arrival", () =>
      Effect.gen(function*() {
        const { at, live } = yield* given
        const rows = busyMinute(at)
        yield* live.apply(rows)
        const inOrder = yield* numbers

        yield* live.clear
        const shuffled = rows.toSorted((a, b) => Number((a.position.id * 7n) % 91n - (b.position.id * 7n) % 91n))
        for (const row of shuffled) yield* live.apply([row, ...shuffled.slice(0, 2)])

        assert.lengthOf(inOrder.recent, 30)
        assert.deepStrictEqual(yield* numbers, inOrder)
      }))

    it.effect("says which rows it has not counted", () =>
      Effect.gen(function*() {
        const { at, live } = yield* given
        const ids = [1n, 65_535n, 65_536n, 65_537n, 2n ** 40n]
        const row = (id: bigint) => logRow({ id, at, events: [logEvent({ type: "created", at })] })
        const before = yield* live.missing(1, ids)
        yield* live.apply([row(65_535n), row(65_536n), row(2n ** 40n)])

        assert.deepStrictEqual(before, ids)
        assert.deepStrictEqual(yield* live.missing(1, ids), [1n, 65_537n])
        assert.deepStrictEqual(yield* live.missing(1, []), [])
      }))

    it.effect("counts the newest epoch only, whose first row begins a new set of numbers", () =>
      Effect.gen(function*() {
        const { at, live } = yield* given
        const row = (id: number, epoch: number) =>
          logRow({ id, epoch, at: at + epoch, events: [logEvent({ type: "created", at })] })
        yield* live.apply([row(1, 1), row(2, 1)])
        const before = yield* live.progress(1)
        yield* live.advance({ ...before, complete: true }, 1)

        const counted = yield* live.apply([row(3, 1), row(2, 2), row(3, 2), row(4, 1)])

        const after = yield* live.progress(2)
        assert.strictEqual(counted, 3)
        assert.notStrictEqual(after.generation, before.generation)
        assert.deepStrictEqual([after.verified, after.complete], [0n, false])
        assert.deepStrictEqual((yield* live.throughput(0)).map(({ created }) => created), [2])
        assert.lengthOf(yield* live.recent(10), 2)
        assert.strictEqual((yield* live.freshness).newestRowAt, at + 2)
        assert.deepStrictEqual(yield* live.missing(2, [1n, 2n, 3n]), [1n])
        assert.deepStrictEqual(yield* live.missing(1, [1n, 2n, 3n]), [])
        assert.isTrue((yield* live.progress(1)).complete)
        assert.isFalse(yield* live.advance({ ...after, verified: 9n }, 1))
        assert.deepStrictEqual(yield* live.missing(3, [2n]), [2n])
      }))

    it.effect("takes every row up to a verified id for counted, and never goes back", () =>
      Effect.gen(function*() {
        const { at, live } = yield* given
        const start = yield* live.progress(1)
        const row = (id: bigint) => logRow({ id, at, events: [logEvent({ type: "created", at })] })
        yield* live.apply([row(3n), row(200_000n)])

        const moved = yield* live.advance({ ...start, verified: 150_000n }, 1)
        const back = yield* live.advance({ ...start, verified: 5n, complete: true }, 1)

        assert.deepStrictEqual([start.verified, start.complete], [0n, false])
        assert.deepStrictEqual([moved, back], [true, true])
        assert.deepStrictEqual(yield* live.progress(1), { ...start, verified: 150_000n, complete: true })
        assert.deepStrictEqual(yield* live.missing(1, [1n, 3n, 150_000n, 150_001n, 200_000n]), [150_001n])
        assert.strictEqual(yield* live.apply([row(4n), row(150_000n), row(200_000n)]), 0)
        assert.strictEqual(yield* live.apply([row(150_001n)]), 1)
      }))

    it.effect("is incomplete until somebody says so for this very set of numbers", () =>
      Effect.gen(function*() {
        const { at, live } = yield* given
        const rows = lifeOf({ firstId: 1, at })
        yield* live.apply(rows)
        const before = yield* live.progress(1)
        yield* live.advance({ ...before, verified: 2n, complete: true }, 1)
        const complete = yield* live.freshness
        yield* live.clear

        const refused = yield* live.advance({ ...before, verified: 3n, complete: true }, 1)

        assert.deepStrictEqual(complete, { newestRowAt: rows[2]?.at, rebuilding: false })
        assert.isFalse(refused)
        const after = yield* live.progress(1)
        assert.notStrictEqual(after.generation, before.generation)
        assert.deepStrictEqual([after.verified, after.complete], [0n, false])
        assert.deepStrictEqual(yield* live.freshness, { newestRowAt: undefined, rebuilding: true })
      }))

    it.effect("forgets everything when cleared, and counts the same rows to the same numbers", () =>
      Effect.gen(function*() {
        const { at, live } = yield* given
        const rows = busyMinute(at)
        yield* live.apply(rows)
        const before = yield* numbers

        yield* live.clear
        const cleared = yield* numbers
        const counted = yield* live.apply(rows)

        assert.deepStrictEqual(cleared, { throughput: [], latencies: [], recent: [], newestRowAt: undefined })
        assert.strictEqual(counted, rows.length)
        assert.deepStrictEqual(yield* numbers, before)
      }))

    it.effect("knows the newest row, not the last one to arrive", () =>
      Effect.gen(function*() {
        const { at, live } = yield* given
        const row = (id: number, writtenAt: number) =>
          logRow({ id, at: writtenAt, events: [logEvent({ type: "created", at })] })

        yield* live.apply([row(2, at + 20)])
        yield* live.apply([row(1, at + 10)])

        assert.strictEqual((yield* live.freshness).newestRowAt, at + 20)
      }))
  })
