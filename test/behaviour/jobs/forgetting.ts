import { JobStore, type NewJob } from "#services/ports/JobStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { accept, fresh, freshQueue, newJob, run, startWorker } from "../../support/Seed.ts"
import { jobOf, minute, type Options, second, type Stores } from "./Truth.ts"

const hour = 60 * minute
const all = 10_000

const forget = (limit: number) => Effect.flatMap(JobStore, (store) => store.forgetExpired(limit))
const reap = (everyone: boolean) => Effect.flatMap(WorkerStore, (workers) => workers.reap({ everyone, limit: all }))

const withKey = (ttlMillis: number, given: Partial<NewJob> = {}): NewJob =>
  newJob({ ...given, idempotency: { scope: `me/${freshQueue()}`, key: fresh("key"), bodyHash: "hash", ttlMillis } })

export const forgetting = <R>(it: Vitest.MethodsNonLive<Stores | R>, { elapse }: Options<R>) => {
  /** Nothing is left that other tests have made. */
  const begin = Effect.gen(function*() {
    yield* reap(true)
    yield* elapse(1_000 * hour)
    yield* forget(all)
  })

  it.effect("forgets keys past their time, and no more at once than it is asked for", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      yield* begin
      const short = Array.from({ length: 5 }, () => withKey(10 * second))
      const long = withKey(hour)
      yield* accept(...short, long)

      const early = yield* forget(2)
      yield* elapse(11 * second)
      const forgotten = [yield* forget(2), yield* forget(2), yield* forget(2), yield* forget(2)]

      assert.deepStrictEqual([early, forgotten], [0, [2, 2, 1, 0]])
      const again = yield* store.accept([...short, long].map(({ idempotency }) => newJob({ idempotency })))
      assert.deepStrictEqual(again.map(({ _tag }) => _tag), [...short.map(() => "Accepted"), "Replayed"])
    }))

  it.effect("forgets workers an hour after their end, but none that owns a running job", () =>
    Effect.gen(function*() {
      const workers = yield* WorkerStore
      yield* begin
      const job = newJob()
      yield* accept(job)
      const [idle, busy, live] = [
        yield* startWorker({ name: "processor/idle" }),
        yield* startWorker({ name: "processor/busy", types: [job.type] }),
        yield* startWorker({ name: "processor/live" })
      ]
      yield* run(busy, job)
      yield* workers.retire(idle)
      yield* workers.retire(busy)

      yield* elapse(59 * minute)
      const tooEarly = yield* forget(all)
      yield* elapse(2 * minute)
      const ofIdle = yield* forget(all)
      const named = (yield* jobOf(job.id)).worker
      yield* workers.heartbeat(live)
      yield* reap(false)
      const ofBusy = yield* forget(all)
      const none = yield* forget(all)

      assert.deepStrictEqual([tooEarly, ofIdle, ofBusy, none], [0, 1, 1, 0])
      assert.strictEqual(named, "processor/busy")
      assert.deepStrictEqual((yield* jobOf(job.id)).attempts.map(({ worker }) => worker), [busy])
      assert.isTrue((yield* workers.heartbeat(live)).live)
    }))
}
