import { Broker } from "#services/ports/Broker.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { BrokerFaults } from "#services/ports/memory/MemoryBroker.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { completed, historyOf, jobOf, orderedType, pass, queue, submit, untilJob, untilTrue } from "../Given.ts"
import { systemOf } from "./System.ts"

describe("Worker", () => {
  it.effect("claims for free slots only, and hands back what waits for a second", () => {
    const { calls, type } = orderedType("test.slow")
    return Effect.gen(function*() {
      const store = yield* JobStore
      const ids = yield* Effect.forEach([1, 2, 3, 4], () => submit({ type: "test.slow" }))
      const last = yield* submit({ type: "test.slow" })
      ids.push(last)
      yield* pass(500)
      const load = (yield* store.loads)[0]
      assert.lengthOf(calls, 2)
      assert.deepStrictEqual([load?.dispatched, load?.queued], [2 * 2 - 1, 0])
      yield* pass(4_000)

      const jobs = yield* Effect.forEach(ids, jobOf)
      assert.lengthOf(calls, 2)
      assert.deepStrictEqual(jobs.map(({ attempt }) => attempt).toSorted((one, other) => one - other), [0, 0, 0, 1, 1])
      assert.isAbove((yield* MemoryDatabase).tables.jobs.get(last)?.dispatchCount ?? 0, 2)
      for (let index = 0; index < 5; index++) {
        yield* untilTrue("the next call", Effect.sync(() => calls.length > index))
        calls[index]?.end(completed)
      }
      yield* Effect.forEach(ids, (id) => untilJob(id, "completed"))
      assert.isTrue((yield* Effect.forEach(ids, jobOf)).every(({ attempt }) => attempt === 1))
    }).pipe(Effect.provide(systemOf([type], { slots: 2 })))
  })

  it.effect("runs no more of a queue than it may, and other queues beside it", () => {
    const { calls, type } = orderedType("test.slow")
    const narrow = queue("narrow")
    return Effect.gen(function*() {
      const first = yield* Effect.forEach([1, 2, 3], () => submit({ type: "test.slow", queue: narrow }))
      yield* untilTrue("one runs", Effect.sync(() => calls.length === 1))
      yield* submit({ type: "test.slow" })
      yield* submit({ type: "test.slow" })
      yield* pass(3_000)

      assert.deepStrictEqual(calls.map(({ context }) => context.queue).toSorted(), ["default", "default", "narrow"])
      for (const id of first) {
        yield* untilTrue("its turn", Effect.sync(() => calls.some(({ context }) => context.jobId === id)))
        assert.strictEqual(yield* narrowRunning, 1)
        calls.find(({ context }) => context.jobId === id)?.end(completed)
        yield* untilJob(id, "completed")
      }
    }).pipe(Effect.provide(systemOf([type], { queueSlots: new Map([[narrow, 1]]) })))
  })
  const narrowRunning = Effect.map(
    MemoryDatabase,
    ({ tables }) => [...tables.running].filter(({ job }) => job.queue === "narrow").length
  )

  it.effect("loses no slot of a queue to hints that come twice", () => {
    const { calls, type } = orderedType("test.slow")
    const narrow = queue("narrow")
    return Effect.gen(function*() {
      const broker = yield* BrokerFaults
      for (let round = 0; round < 5; round++) {
        const ids = yield* Effect.forEach([1, 2, 3], () => submit({ type: "test.slow", queue: narrow }))
        yield* pass(200)
        // What waits in the worker comes again while it still has it.
        yield* broker.dropConnections
        for (const id of ids) {
          yield* untilTrue("its turn", Effect.sync(() => calls.some(({ context }) => context.jobId === id)))
          calls.find(({ context }) => context.jobId === id)?.end(completed)
        }
        yield* Effect.forEach(ids, (id) => untilJob(id, "completed"))
      }
      assert.lengthOf(calls, 15)
    }).pipe(Effect.provide(systemOf([type], { queueSlots: new Map([[narrow, 2]]) })))
  })

  it.effect("acknowledges hints for jobs that others have, and for jobs that are no more to be had", () => {
    const { calls, type } = orderedType("test.slow")
    return Effect.gen(function*() {
      const broker = yield* Broker
      const id = yield* submit({ type: "test.slow" })
      yield* untilTrue("it runs", Effect.sync(() => calls.length === 1))
      const job = yield* jobOf(id)
      const hint = { queue: job.queue, type: job.type, jobs: [{ jobId: id, dispatchCount: 1 }], traceparent: undefined }
      yield* broker.sendHints(Array.from({ length: 50 }, () => hint))
      yield* pass(2_000)
      yield* (yield* BrokerFaults).dropConnections
      yield* pass(500)

      assert.strictEqual(yield* broker.ready(job.queue, job.type), 0)
      assert.lengthOf(calls, 1)
      assert.deepStrictEqual(yield* historyOf(id), ["created", "dispatched", "started"])
    }).pipe(Effect.provide(systemOf([type])))
  })

  it.effect("keeps hints unacknowledged while the store is away, and works on them when it is back", () => {
    const { calls, type } = orderedType("test.slow")
    return Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const store = yield* JobStore
      const ids = yield* Effect.forEach([1, 2, 3], () => submit({ type: "test.slow" }))
      yield* untilTrue("one runs", Effect.sync(() => calls.length === 1))
      const sent = yield* Effect.map(store.loads, ([load]) => load?.dispatched)
      yield* faults.outage
      yield* pass(3_000)
      yield* faults.restore
      calls[0]?.end(completed)
      for (const index of [1, 2]) {
        yield* untilTrue("the next one", Effect.sync(() => calls.length > index))
        calls[index]?.end(completed)
      }
      yield* Effect.forEach(ids, (id) => untilJob(id, "completed"))

      assert.strictEqual(sent, 2)
    }).pipe(Effect.provide(systemOf([type], { slots: 1 })))
  })
})
