import { type Dispatched, JobStore } from "#services/ports/JobStore.ts"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import {
  accept,
  completed,
  dispatch,
  freshQueue,
  freshType,
  newJob,
  operator,
  run,
  settle,
  startWorker
} from "../../support/Seed.ts"
import { idsOf, loadOf, nobodyAlive, siblings } from "./cases.ts"
import {
  historyOf,
  jobOf,
  minute,
  type Options,
  retry,
  second,
  settlementOf,
  storeNow,
  type Stores,
  told
} from "./Truth.ts"

export const dispatching = <R>(it: Vitest.MethodsNonLive<Stores | R>, { elapse }: Options<R>) => {
  it.effect("makes scheduled and retrying jobs queued when they are due, without an event", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const now = yield* storeNow
      const soon = newJob({ runAt: now + 10 * second })
      const failing = newJob()
      yield* accept(soon, newJob({ runAt: now + 10 * minute }), failing)
      const attempt = yield* run(yield* startWorker({ types: [failing.type] }), failing)
      yield* store.settle([settlementOf(attempt, retry(5 * second))])

      const before = yield* store.promote(100)
      yield* elapse(11 * second)
      const { promoted } = yield* store.promote(100)

      assert.isAtMost(before.nextDueInMillis ?? Infinity, 5 * second)
      assert.isAtLeast(promoted, 2)
      assert.deepStrictEqual([(yield* jobOf(soon.id)).status, (yield* jobOf(failing.id)).status], ["queued", "queued"])
      assert.deepStrictEqual(told(yield* historyOf(soon.id)), ["1 created none>waiting"])
    }))

  it.effect("hands over the highest priority first, and what was submitted first among equals", () =>
    Effect.gen(function*() {
      const { queue, type } = siblings(0)
      const [low, high, middle] = [
        newJob({ queue, type, priority: 1 }),
        newJob({ queue, type, priority: 9 }),
        newJob({ queue, type, priority: 5 })
      ]
      yield* accept(low, middle)
      yield* elapse(1 * second)
      yield* accept(high, newJob({ queue, type, priority: 5 }))

      const handed = yield* dispatch({ queue, type })

      assert.deepStrictEqual(idsOf(handed).slice(0, 2), [high.id, middle.id])
      assert.strictEqual(idsOf(handed).at(-1), low.id)
    }))

  it.effect("lets a low priority go first that has waited its nine minutes", () =>
    Effect.gen(function*() {
      const { queue, type } = siblings(0)
      const patient = newJob({ queue, type, priority: 0 })
      const urgent = newJob({ queue, type, priority: 9 })
      yield* accept(patient)
      yield* elapse(10 * minute)
      yield* accept(urgent)

      assert.deepStrictEqual(idsOf(yield* dispatch({ queue, type })), [patient.id, urgent.id])
    }))

  it.effect("hands over only the types and the number that are asked for", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { jobs, queue, type } = siblings(5)
      const other = newJob({ queue })
      yield* accept(...jobs, other)

      const handed = yield* store.dispatch({ queue, types: [type], window: 100, limit: 3 })

      assert.strictEqual(handed.length, 3)
      assert.isFalse(idsOf(handed).includes(other.id))
      assert.deepStrictEqual(handed.map(({ dispatchCount }) => dispatchCount), [1, 1, 1])
      assert.deepStrictEqual(yield* store.dispatch({ queue, types: [], window: 100, limit: 100 }), [])
      assert.deepStrictEqual(yield* store.dispatch({ queue: freshQueue(), types: [type], window: 9, limit: 9 }), [])
    }))

  it.effect("never hands over more than the window holds", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { jobs, queue, type } = siblings(10)
      yield* accept(...jobs)
      const fill = (window: number) => store.dispatch({ queue, types: [type], window, limit: 100 })

      const [first] = yield* fill(4)
      assert.deepStrictEqual(yield* fill(4), [])
      assert.deepStrictEqual(yield* fill(2), [])
      const worker = yield* startWorker({ types: [type] })
      yield* store.claim(worker, first === undefined ? [] : [{ jobId: first.jobId, token: randomUUID() }])
      yield* store.foldCounters

      assert.strictEqual((yield* fill(4)).length, 1)
      assert.strictEqual((yield* loadOf(queue))?.dispatched, 4)
    }))

  it.effect("takes a hint back only while its hand-over is the last one", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { queue, type } = siblings(0)
      const job = newJob({ queue, type })
      yield* accept(job)
      const [first] = yield* dispatch(job)
      const hints = (...handed: ReadonlyArray<Dispatched | undefined>) => handed.filter((hint) => hint !== undefined)

      assert.strictEqual(yield* store.handBack(hints(first)), 1)
      assert.strictEqual(yield* store.handBack(hints(first)), 0)
      const [second] = yield* dispatch({ queue, type })
      assert.strictEqual(yield* store.handBack(hints(first)), 0)

      assert.strictEqual(second?.dispatchCount, 2)
      assert.strictEqual((yield* loadOf(queue))?.dispatched, 1)
      assert.deepStrictEqual(told(yield* historyOf(job.id)), ["1 created none>waiting"])
    }))

  it.effect("counts what waits, what is handed over and what was claimed, folded or not", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { jobs, queue, type } = siblings(6)
      yield* accept(...jobs)
      yield* nobodyAlive
      const worker = yield* startWorker({ types: [type], queues: [queue], slots: 3 })
      yield* startWorker({ types: [freshType()], queues: [freshQueue()], slots: 50 })
      const [handed] = yield* store.dispatch({ queue, types: [type], window: 2, limit: 9 })
      yield* store.claim(worker, handed === undefined ? [] : [{ jobId: handed.jobId, token: randomUUID() }])
      yield* elapse(3 * second)

      const unfolded = yield* loadOf(queue)
      yield* store.foldCounters
      const folded = yield* loadOf(queue)

      assert.deepInclude(unfolded, {
        queue,
        paused: false,
        queued: 4,
        dispatched: 1,
        lanes: [{ types: [type], liveSlots: 3, queued: 4, dispatched: 1, claims: 1 }]
      })
      assert.isAtLeast(unfolded?.oldestQueuedMillis ?? 0, 3 * second)
      assert.deepStrictEqual({ ...folded, oldestQueuedMillis: 0 }, { ...unfolded, oldestQueuedMillis: 0 })
      assert.isUndefined((yield* Effect.andThen(dispatch({ queue, type }), loadOf(queue)))?.oldestQueuedMillis)
    }))

  it.effect("ends waiting jobs whose deadline has passed, and no others", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { queue, type } = siblings(0)
      const now = yield* storeNow
      const given = { queue, type, deadline: now + 10 * second }
      const [queued, scheduled, dispatched, running, done] = [
        newJob(given),
        newJob({ ...given, runAt: now + 20 * second }),
        newJob(given),
        newJob({ ...given, type: freshType() }),
        newJob({ ...given, type: freshType() })
      ]
      const later = newJob({ ...given, deadline: now + 10 * minute })
      yield* accept(dispatched)
      yield* dispatch(dispatched)
      yield* accept(queued, scheduled, running, done, later)
      const worker = yield* startWorker({ types: [running.type, done.type] })
      yield* run(worker, running)
      yield* settle(yield* run(worker, done), completed())

      yield* elapse(11 * second)
      const ended = yield* store.endDeadlines(100)

      assert.isAtLeast(ended, 3)
      for (const { id } of [queued, scheduled, dispatched]) {
        assert.strictEqual((yield* jobOf(id)).status, "dead")
        const events = yield* historyOf(id)
        assert.deepStrictEqual(told(events), ["1 created none>waiting", "2 dead-lettered waiting>dead"])
        assert.deepStrictEqual(events[1]?.data, { reason: "deadline" })
      }
      assert.deepStrictEqual(
        [(yield* jobOf(running.id)).status, (yield* jobOf(done.id)).status, (yield* jobOf(later.id)).status],
        ["running", "completed", "queued"]
      )
    }))

  it.effect("counts for a window only what is handed over of the same types", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { jobs, queue, type } = siblings(5)
      const other = newJob({ queue, type: freshType(), priority: 0 })
      yield* accept(...jobs, other)

      const first = yield* store.dispatch({ queue, types: [type], window: 3, limit: 10 })
      const full = yield* store.dispatch({ queue, types: [type], window: 3, limit: 10 })
      const beside = yield* store.dispatch({ queue, types: [other.type], window: 3, limit: 10 })

      assert.deepStrictEqual([first.length, full.length], [3, 0])
      assert.deepStrictEqual(idsOf(beside), [other.id])
    }))

  it.effect("hands nothing of a paused queue over, and all of it after it is resumed", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { jobs, queue, type } = siblings(3)
      yield* accept(...jobs)
      yield* store.pause(queue, operator)

      assert.deepStrictEqual(yield* dispatch({ queue, type }), [])
      assert.isTrue((yield* loadOf(queue))?.paused)
      yield* store.resume(queue, operator)

      assert.strictEqual((yield* dispatch({ queue, type })).length, 3)
    }))
}
