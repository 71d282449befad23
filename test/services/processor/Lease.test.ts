import { WorkerId } from "#domain/Worker.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  completed,
  historyOf,
  jobOf,
  metric,
  orderedType,
  pass,
  queue,
  submit,
  typeOf,
  untilJob,
  untilTrue,
  workerOptions
} from "../Given.ts"
import { status, systemOf } from "./System.ts"

describe("A lease", () => {
  it.effect("drops its attempts when the lease is lost, starts anew, and its late outcome is refused", () => {
    const { calls, type } = orderedType("test.slow")
    return Effect.gen(function*() {
      const workers = yield* WorkerStore
      const { tables } = yield* MemoryDatabase
      const id = yield* submit({ type: "test.slow" })
      yield* untilTrue("it runs", Effect.sync(() => calls.length === 1))
      const before = (yield* status).id
      yield* workers.reap({ everyone: true, limit: 100 })
      yield* untilTrue("its signal", Effect.sync(() => calls[0]?.context.signal.aborted === true))
      yield* untilTrue("it runs again", Effect.sync(() => calls.length === 2))
      const after = yield* status

      assert.notStrictEqual(after.id, before)
      assert.deepStrictEqual([after.running, after.leaked], [1, 1])
      calls[0]?.end(completed)
      yield* pass(500)
      assert.strictEqual((yield* jobOf(id)).status, "running")
      assert.strictEqual((yield* status).leaked, 0)
      calls[1]?.end(completed)
      const job = yield* untilJob(id, "completed")
      assert.deepStrictEqual(job.attempts.map(({ state }) => state), ["lease-expired", "completed"])
      assert.deepStrictEqual([...tables.workers.values()].map(({ state }) => state), ["expired", "live"])
    }).pipe(Effect.provide(systemOf([type])))
  })

  it.effect("leaves the types to the process that started last when it starts anew", () => {
    const maxAttempts = 7
    const type = typeOf("test.quick", () => Promise.resolve(completed))
    return Effect.gen(function*() {
      const workers = yield* WorkerStore
      const described = Effect.map(workers.types, (types) => types.map((one) => one.maxAttempts))
      const before = yield* described
      yield* workers.register({
        ...workerOptions([]),
        id: WorkerId.make("00000000-0000-4000-8000-000000000002"),
        types: [{ ...type.description, maxAttempts }]
      })
      const { id } = yield* status
      yield* workers.reap({ everyone: true, limit: 100 })
      yield* untilTrue("it starts anew", Effect.map(status, (now) => now.id !== id))

      assert.deepStrictEqual([before, yield* described], [[3], [maxAttempts]])
    }).pipe(Effect.provide(systemOf([type])))
  })

  it.effect("has its outcome refused when the job was taken away meanwhile, and the history says so", () => {
    const { calls, type } = orderedType("test.slow")
    return Effect.gen(function*() {
      const workers = yield* WorkerStore
      const faults = yield* MemoryFaults
      const id = yield* submit({ type: "test.slow" })
      yield* untilTrue("it runs", Effect.sync(() => calls.length === 1))
      yield* faults.order("WorkerStore.heartbeat", { _tag: "Fail", reason: "unavailable" }, 100)
      yield* workers.reap({ everyone: true, limit: 100 })
      calls[0]?.end(completed)
      yield* pass(200)

      assert.include(yield* historyOf(id), "completion-refused")
      assert.strictEqual(yield* metric("odto_completions_refused_total{}"), 1)
    }).pipe(Effect.provide(systemOf([type])))
  })

  it.effect("runs a job to its end whose claim was answered late or never", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      yield* faults.order("JobStore.claim", { _tag: "LoseAnswer" }, 3)
      const id = yield* submit({ type: "test.quick" })
      const job = yield* untilJob(id, "completed")

      assert.strictEqual(job.attempt, 1)
    }).pipe(Effect.provide(systemOf([typeOf("test.quick", () => Promise.resolve(completed))]))))

  it.effect("gives back by its token what the truth says it runs and it does not", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { id: worker } = yield* status
      const elsewhere = queue("elsewhere")
      const id = yield* submit({ type: "test.quick", queue: elsewhere })
      yield* store.dispatch({ queue: elsewhere, types: [(yield* jobOf(id)).type], window: 10, limit: 10 })
      // A claim whose answer nobody heard.
      yield* store.claim(WorkerId.make(worker), [{ jobId: id, token: "00000000-0000-4000-8000-000000000001" }])
      assert.strictEqual((yield* jobOf(id)).status, "running")
      yield* pass(10_500)
      const job = yield* jobOf(id)

      assert.deepStrictEqual([job.status, job.failures], ["queued", 0])
      assert.deepStrictEqual(job.attempts.map(({ state }) => state), ["released"])
    }).pipe(Effect.provide(
      systemOf([typeOf("test.quick", () => Promise.resolve(completed))], { queues: [queue("default")] })
    )))

  it.effect("tells no false refusals when many short jobs end while it compares", () =>
    Effect.gen(function*() {
      const ids = yield* Effect.forEach(Array.from({ length: 200 }), () => submit({ type: "test.quick" }))
      yield* pass(25_000)
      const histories = yield* Effect.forEach(ids, historyOf)

      assert.isTrue(histories.every((history) => history.join() === "created,dispatched,started,completed"))
    }).pipe(Effect.provide(systemOf([typeOf("test.quick", () => Promise.resolve(completed))], { slots: 50 }))))
})
