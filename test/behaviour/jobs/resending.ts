import { JobStore } from "#services/ports/JobStore.ts"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { accept, dispatch, freshQueue, newJob, run, startWorker } from "../../support/Seed.ts"
import { idsOf, loadOf, nobodyAlive, siblings } from "./cases.ts"
import { minute, type Options, second, type Stores } from "./Truth.ts"

export const resending = <R>(it: Vitest.MethodsNonLive<Stores | R>, { elapse }: Options<R>) => {
  it.effect("sends again what was handed over long enough ago, when the broker has lost it", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { queue, type } = siblings(0)
      const [old, young] = [newJob({ queue, type }), newJob({ queue, type })]
      const resend = (lost: boolean, olderThanMillis: number) =>
        store.resend({ queue, type, lost, olderThanMillis, limit: 10 })
      yield* accept(old)
      yield* dispatch({ queue, type })
      yield* elapse(6 * second)
      yield* accept(young)
      yield* dispatch({ queue, type })

      assert.deepStrictEqual(yield* resend(false, 5 * second), [])
      const [again, ...more] = yield* resend(true, 5 * second)

      assert.deepStrictEqual([again?.jobId, again?.dispatchCount, more], [old.id, 2, []])
      assert.deepStrictEqual(idsOf(yield* resend(true, 0)).toSorted(), [old.id, young.id].toSorted())
    }))

  it.effect("sends again what a later hint has overtaken", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { queue, type } = siblings(0)
      const [lost, late] = [newJob({ queue, type }), newJob({ queue, type })]
      yield* accept(lost)
      yield* dispatch({ queue, type })
      yield* elapse(6 * second)
      yield* accept(late)
      yield* run(yield* startWorker({ types: [type] }), late)

      const again = yield* store.resend({ queue, type, lost: false, olderThanMillis: 5 * second, limit: 10 })

      assert.deepStrictEqual(idsOf(again), [lost.id])
    }))

  it.effect("sends every hint again after a while that doubles", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { jobs, queue, type } = siblings(1)
      yield* accept(...jobs)
      yield* dispatch({ queue, type })
      const resend = Effect.map(
        store.resend({ queue, type, lost: false, olderThanMillis: 5 * second, limit: 10 }),
        (again) => again.map(({ dispatchCount }) => dispatchCount)
      )

      const seen = []
      for (const millis of [119 * second, 2 * second, 200 * second, 41 * second]) {
        yield* elapse(millis)
        seen.push(yield* resend)
      }

      assert.deepStrictEqual(seen, [[], [2], [], [3]])
    }))

  it.effect("waits no longer than half an hour for a hint, however often its job was handed over before", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { jobs, queue, type } = siblings(1)
      yield* accept(...jobs)
      for (let count = 1; count <= 10; count++) yield* store.handBack(yield* dispatch({ queue, type }))
      yield* dispatch({ queue, type })
      const resend = Effect.map(
        store.resend({ queue, type, lost: false, olderThanMillis: 5 * second, limit: 10 }),
        (again) => again.map(({ dispatchCount }) => dispatchCount)
      )

      yield* elapse(31 * minute)
      const early = yield* resend
      yield* elapse(2 * minute)

      assert.deepStrictEqual([early, yield* resend], [[], [12]])
    }))

  it.effect("recalls hints of types that no live worker takes, or all", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { queue, type } = siblings(0)
      const [served, orphan] = [newJob({ queue, type }), newJob({ queue })]
      yield* nobodyAlive
      yield* startWorker({ types: [type], queues: [queue] })
      yield* startWorker({ types: [orphan.type], queues: [freshQueue()] })
      yield* accept(served, orphan)
      yield* dispatch(served)
      yield* dispatch(orphan)

      yield* store.recall("without-worker")
      const afterOne = yield* loadOf(queue)
      yield* store.recall("all")
      const afterAll = yield* loadOf(queue)

      assert.deepStrictEqual([afterOne?.queued, afterOne?.dispatched], [1, 1])
      assert.deepStrictEqual([afterAll?.queued, afterAll?.dispatched], [2, 0])
      assert.deepStrictEqual(idsOf(yield* dispatch(orphan)), [orphan.id])
    }))
}
