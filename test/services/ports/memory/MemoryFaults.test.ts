import type { JobId } from "#domain/Job.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { layerMemory } from "#services/ports/memory/Memory.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { StoreError } from "#services/ports/StoreError.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { newJob } from "../../../support/Seed.ts"

const reasonOf = <A, E, R>(call: Effect.Effect<A, E | StoreError, R>) =>
  Effect.map(Effect.flip(call), (error) => error instanceof StoreError ? error.reason : undefined)

const isStored = (jobId: JobId) =>
  Effect.flatMap(JobQueries, (queries) => Effect.map(queries.get(jobId), Option.isSome))

describe("MemoryFaults", () => {
  it.effect("fails as often as ordered, does nothing meanwhile, and goes on afterwards", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const store = yield* JobStore
      const job = newJob()
      yield* faults.order("JobStore.accept", { _tag: "Fail", reason: "conflict" }, 2)

      const reasons = [yield* reasonOf(store.accept([job])), yield* reasonOf(store.accept([job]))]
      const before = yield* isStored(job.id)
      const [answer] = yield* store.accept([job])

      assert.deepStrictEqual(reasons, ["conflict", "conflict"])
      assert.isFalse(before)
      assert.strictEqual(answer?._tag, "Accepted")
    }).pipe(Effect.provide(layerMemory)))

  it.effect("commits and loses the answer", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const store = yield* JobStore
      const job = newJob()
      yield* faults.order("JobStore.accept", { _tag: "LoseAnswer" })

      const reason = yield* reasonOf(store.accept([job]))
      const stored = yield* isStored(job.id)
      const [again] = yield* store.accept([job])

      assert.strictEqual(reason, "outcome-unknown")
      assert.isTrue(stored)
      assert.deepStrictEqual(again, { _tag: "Accepted", jobId: job.id, eventId: `${job.id}:1`, status: "queued" })
    }).pipe(Effect.provide(layerMemory)))

  it.effect("hangs until the caller gives up, and does nothing", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const store = yield* JobStore
      const job = newJob()
      yield* faults.order("JobStore.accept", { _tag: "Hang" })

      const call = yield* store.accept([job]).pipe(Effect.timeoutOption("1 minute"), Effect.forkChild)
      yield* TestClock.adjust("1 minute")

      assert.isTrue(Option.isNone(yield* Fiber.join(call)))
      assert.isFalse(yield* isStored(job.id))
    }).pipe(Effect.provide(layerMemory)))

  it.effect("is out for every operation until it is restored, and forgets what was ordered", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const store = yield* JobStore
      const workers = yield* WorkerStore
      const queries = yield* JobQueries
      yield* faults.order("JobQueries.totals", { _tag: "Fail", reason: "timeout" })
      yield* faults.outage

      const reasons = [
        yield* reasonOf(store.accept([newJob()])),
        yield* reasonOf(workers.queueNames),
        yield* reasonOf(queries.totals)
      ]
      yield* faults.restore
      const { value } = yield* queries.totals

      assert.deepStrictEqual(reasons, ["unavailable", "unavailable", "unavailable"])
      assert.strictEqual(value.accepted, 0)
    }).pipe(Effect.provide(layerMemory)))

  it.effect("fails only the operation that is named", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const queries = yield* JobQueries
      yield* faults.order("JobQueries.totals", { _tag: "Fail", reason: "timeout" })

      yield* queries.queues
      const error = yield* Effect.flip(queries.totals)

      assert.strictEqual(error.message, "the job store could not answer JobQueries.totals: timeout")
    }).pipe(Effect.provide(layerMemory)))
})
