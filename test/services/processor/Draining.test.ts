import type { JobType } from "#domain/JobType.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { Worker, type WorkerOptions } from "#services/processor/Worker.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope } from "effect"
import { world } from "../../support/Memory.ts"
import { completed, jobOf, letGo, orderedType, pass, submit, untilTrue, workerOptions } from "../Given.ts"
import { others } from "./System.ts"

describe("Worker, when it stops,", () => {
  /** A worker that the test stops by closing its scope. */
  const started = (types: ReadonlyArray<JobType>, more: Partial<WorkerOptions> = {}) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(Worker.layer(workerOptions(types, more)), scope)
      return { stop: Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true }) }
    })
  const without = letGo.pipe(Layer.provideMerge(others), Layer.provideMerge(world))

  it.effect("finishes what runs, hands back what waits, and leaves in peace", () => {
    const { calls, type } = orderedType("test.slow")
    return Effect.gen(function*() {
      const { tables } = yield* MemoryDatabase
      const store = yield* JobStore
      const worker = yield* started([type], { slots: 1, drainMillis: 10_000 })
      const first = yield* submit({ type: "test.slow" })
      const second = yield* submit({ type: "test.slow" })
      yield* untilTrue("one runs", Effect.sync(() => calls.length === 1))
      const stopping = yield* worker.stop
      yield* pass(3_000)
      assert.isUndefined(stopping.pollUnsafe())
      assert.isFalse(calls[0]?.context.signal.aborted)
      assert.strictEqual((yield* jobOf(first)).status, "running")
      calls[0]?.end(completed)
      yield* untilTrue("it has stopped", Effect.sync(() => stopping.pollUnsafe() !== undefined))

      assert.strictEqual((yield* jobOf(first)).status, "completed")
      assert.strictEqual((yield* jobOf(second)).attempt, 0)
      assert.strictEqual([...tables.workers.values()][0]?.state, "stopped")
      yield* pass(6_000)
      assert.strictEqual((yield* store.loads)[0]?.queued, 1)
    }).pipe(Effect.provide(without))
  })

  it.effect("gives back what does not end in time, and spends no attempt of it", () => {
    const { calls, type } = orderedType("test.deaf")
    return Effect.gen(function*() {
      const worker = yield* started([type])
      const id = yield* submit({ type: "test.deaf" })
      yield* untilTrue("it runs", Effect.sync(() => calls.length === 1))
      const stopping = yield* worker.stop
      yield* pass(1_200)
      assert.isTrue(calls[0]?.context.signal.aborted)
      yield* untilTrue("it has stopped", Effect.sync(() => stopping.pollUnsafe() !== undefined))
      const job = yield* jobOf(id)

      assert.deepStrictEqual([job.status, job.failures], ["queued", 0])
      assert.deepStrictEqual(job.attempts.map(({ state }) => state), ["released"])
    }).pipe(Effect.provide(without))
  })

  it.effect("stops within bounds when the store never answers", () => {
    const { calls, type } = orderedType("test.deaf")
    return Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const worker = yield* started([type])
      yield* submit({ type: "test.deaf" })
      yield* untilTrue("it runs", Effect.sync(() => calls.length === 1))
      for (const operation of ["JobStore.claim", "JobStore.settle", "WorkerStore.retire"] as const) {
        yield* faults.order(operation, { _tag: "Hang" }, 100)
      }
      yield* submit({ type: "test.deaf" })
      yield* pass(200)
      const stopping = yield* worker.stop
      yield* pass(3_000 + 1_000 + 10_000 + 10_000 + 500)

      assert.isDefined(stopping.pollUnsafe())
      yield* Fiber.join(stopping)
    }).pipe(Effect.provide(without))
  })
})
