import { WorkerId } from "#domain/Worker.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { accept, dispatch, freshQueue, freshType, newJob, startWorker } from "../../support/Seed.ts"
import { asRun, running } from "./cases.ts"
import { historyOf, jobOf, minute, type Options, second, storeNow, type Stores, told } from "./Truth.ts"

export const claiming = <R>(it: Vitest.MethodsNonLive<Stores | R>, { elapse }: Options<R>) => {
  it.effect("starts an attempt under the worker's lease, with everything that its handler needs", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const deadline = (yield* storeNow) + minute
      const job = newJob({
        payload: "{\"n\":1}",
        tags: ["one", "two"],
        correlationId: "c-1",
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        maxAttempts: 2,
        timeoutMillis: 5_000,
        deadline
      })
      yield* accept(job)
      const worker = yield* startWorker({ types: [job.type] })
      yield* elapse(2 * second)
      yield* dispatch(job)
      const token = randomUUID()

      const [claimed] = yield* store.claim(worker, [{ jobId: job.id, token }])

      const { deadlineInMillis = 0, waitMillis = 0, ...rest } = claimed ?? {}
      assert.deepStrictEqual(rest, {
        jobId: job.id,
        token,
        type: job.type,
        queue: job.queue,
        payload: { n: 1 },
        attempt: 1,
        failures: 0,
        maxAttempts: 2,
        backoff: job.backoff,
        timeoutMillis: 5_000,
        tags: ["one", "two"],
        correlationId: "c-1",
        traceparent: job.traceparent
      })
      assert.isAtLeast(waitMillis, 2 * second)
      assert.isAtMost(deadlineInMillis, 58 * second)
      const events = yield* historyOf(job.id)
      assert.deepStrictEqual(told(events), asRun)
      assert.deepStrictEqual(events.map(({ attempt }) => attempt), [undefined, 1, 1])
      assert.deepStrictEqual(events[2]?.data, { worker, waitMillis })
      assert.deepStrictEqual(
        (yield* jobOf(job.id)).attempts.map(({ attempt, state }) => [attempt, state]),
        [[1, "running"]]
      )
    }))

  it.effect("starts nothing for a worker that is not live", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const workers = yield* WorkerStore
      const job = newJob()
      yield* accept(job)
      yield* dispatch(job)
      const worker = yield* startWorker({ types: [job.type] })
      yield* workers.retire(worker)
      const claims = [{ jobId: job.id, token: randomUUID() }]

      assert.deepStrictEqual(yield* store.claim(worker, claims), [])
      assert.deepStrictEqual(yield* store.claim(WorkerId.make(randomUUID()), claims), [])
      assert.strictEqual((yield* jobOf(job.id)).status, "queued")
    }))

  it.effect("starts only what was handed over and is not past its deadline", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const given = { queue: freshQueue(), type: freshType() }
      const late = newJob({ ...given, deadline: (yield* storeNow) + 10 * second })
      const ready = newJob(given)
      yield* accept(late, ready)
      yield* dispatch(given)
      yield* elapse(11 * second)
      const waiting = newJob(given)
      yield* accept(waiting)
      const worker = yield* startWorker({ types: [given.type] })
      const claims = [late, ready, waiting, newJob()].map(({ id }) => ({ jobId: id, token: randomUUID() }))

      const claimed = yield* store.claim(worker, claims)

      assert.deepStrictEqual(claimed.map(({ jobId }) => jobId), [ready.id])
      assert.deepStrictEqual(told(yield* historyOf(late.id)), ["1 created none>waiting"])
    }))

  it.effect("gives a job to one claim, and answers that one again when it is repeated", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { attempt, job, worker } = yield* running()
      const rival = yield* startWorker({ types: [job.type] })

      const taken = yield* store.claim(rival, [{ jobId: job.id, token: randomUUID() }])
      const stolen = yield* store.claim(rival, [{ jobId: job.id, token: attempt.token }])
      const [again] = yield* store.claim(worker, [{ jobId: job.id, token: attempt.token }])

      assert.deepStrictEqual([...taken, ...stolen], [])
      assert.deepStrictEqual(again, attempt)
      assert.deepStrictEqual(told(yield* historyOf(job.id)), asRun)
    }))
}
