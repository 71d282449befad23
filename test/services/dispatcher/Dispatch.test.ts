import { localActor } from "#domain/Access.ts"
import { defaultQueue } from "#domain/Job.ts"
import * as Dispatch from "#services/dispatcher/Dispatch.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { BrokerFaults } from "#services/ports/memory/MemoryBroker.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { Signals } from "#services/ports/Signals.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { world } from "../../support/Memory.ts"
import * as Seed from "../../support/Seed.ts"
import { pass, queue, turn, typeName } from "../Given.ts"
import { accept, count, listen, statesOf, type } from "./HandOver.ts"

const dispatcher = Dispatch.layer.pipe(Layer.provideMerge(world))

describe("Dispatch", () => {
  it.effect("fills the window and no more, in the order of rank", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type], slots: 3 })
      const delivered = yield* listen()
      const [low, high] = [yield* accept(5, { priority: 0 }), yield* accept(4, { priority: 9 })]
      yield* pass(500)

      // Twice the slots.
      assert.lengthOf(delivered, 6)
      assert.deepStrictEqual(delivered.slice(0, 4).toSorted(), high.toSorted())
      assert.strictEqual(count(yield* statesOf(low), "dispatched"), 2)
    }).pipe(Effect.provide(dispatcher)))

  it.effect("opens the window as jobs are claimed", () =>
    Effect.gen(function*() {
      const worker = yield* Seed.startWorker({ types: [type], slots: 1 })
      const store = yield* JobStore
      const delivered = yield* listen()
      yield* accept(10)
      yield* pass(2_000)
      assert.lengthOf(delivered, 2)
      yield* store.claim(worker, delivered.map((jobId) => ({ jobId, token: crypto.randomUUID() })))
      yield* pass(400)

      // As many as before at least; what was claimed makes the window wider.
      assert.isAtLeast(delivered.length, 4)
      assert.isAtMost(delivered.length, 6)
    }).pipe(Effect.provide(dispatcher)))

  it.effect("hands a new job over at the signal, without waiting for a sweep", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type] })
      const delivered = yield* listen()
      yield* accept(1)
      yield* pass(2_000)
      for (let round = 0; round < 5; round++) {
        const [id] = yield* accept(1)
        // No time passes here.
        yield* Effect.repeat(turn, { times: 10 })
        assert.include(delivered, id)
        yield* pass(300)
      }
    }).pipe(Effect.provide(dispatcher)))

  it.effect("hands a new job over at the signal also when there are many queues, to one that was used", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type] })
      const delivered = yield* listen()
      for (let other = 0; other < 20; other++) yield* accept(1, { queue: queue(`other-${other}`) })
      yield* accept(1)
      yield* pass(2_000)
      for (let round = 0; round < 5; round++) {
        const [id] = yield* accept(1)
        // No time passes here.
        yield* Effect.repeat(turn, { times: 10 })
        assert.include(delivered, id)
        yield* pass(60)
      }
    }).pipe(Effect.provide(dispatcher)))

  it.effect("lets no queue wait while others have work all the time", () =>
    Effect.gen(function*() {
      const worker = yield* Seed.startWorker({ types: [type], slots: 1_000 })
      const store = yield* JobStore
      const busy = yield* Effect.forEach([1, 2, 3, 4, 5], (nth) =>
        Effect.map(listen(type, queue(`busy-${nth}`)), (delivered) => ({ name: queue(`busy-${nth}`), delivered })))
      const quiet = yield* listen(type, queue("quiet"))
      let id: string | undefined
      for (let step = 0; step < 80; step++) {
        for (const { delivered, name } of busy) {
          yield* accept(3, { queue: name })
          const tokens = delivered.map((jobId) => ({ jobId, token: crypto.randomUUID() }))
          yield* store.claim(worker, tokens)
        }
        if (step === 50) {
          ;[id] = yield* accept(1, { queue: queue("quiet") })
        }
        yield* pass(10)
      }

      assert.include(quiet, id)
      for (const { delivered } of busy) {
        assert.isAbove(delivered.length, 200)
      }
    }).pipe(Effect.provide(dispatcher)))

  it.effect("finds jobs within a second when every signal is lost", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type] })
      const delivered = yield* listen()
      yield* pass(3_000)
      yield* Seed.accept(Seed.newJob({ type, queue: defaultQueue }))
      yield* pass(1_100)

      assert.lengthOf(delivered, 1)
    }).pipe(Effect.provide(dispatcher)))

  it.effect("hands scheduled jobs over when they are due, also while others keep coming", () =>
    Effect.gen(function*() {
      const worker = yield* Seed.startWorker({ types: [type], slots: 1_000 })
      const store = yield* JobStore
      const delivered = yield* listen()
      yield* accept(1)
      yield* pass(1_000)
      const [later] = yield* accept(1, { runAt: 3_000 })
      for (let step = 0; step < 60; step++) {
        yield* accept(2)
        yield* pass(50)
        yield* store.claim(worker, delivered.map((jobId) => ({ jobId, token: crypto.randomUUID() })))
        if (step === 35) assert.notInclude(delivered, later)
      }
      assert.include(delivered, later)
    }).pipe(Effect.provide(dispatcher)))

  it.effect("does not let a type without a worker stand in the way of others, nor search for it all the time", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type], slots: 2 })
      const faults = yield* MemoryFaults
      const delivered = yield* listen()
      const orphans = yield* accept(50, { type: typeName("test.orphan"), priority: 9 })
      yield* accept(2)
      yield* pass(1_000)
      assert.lengthOf(delivered, 2)
      assert.strictEqual(count(yield* statesOf(orphans), "queued"), 50)

      assert.isBelow(yield* promotionsWithin(faults, 10_000), 50)
    }).pipe(Effect.provide(dispatcher)))

  it.effect("does not let a type whose workers are all busy hold up one that other workers serve", () =>
    Effect.gen(function*() {
      const quick = typeName("test.quick")
      const busy = yield* Seed.startWorker({ types: [type], slots: 2 })
      yield* Seed.startWorker({ types: [quick], slots: 2 })
      const store = yield* JobStore
      const [slow, delivered] = [yield* listen(), yield* listen(quick)]
      yield* accept(60, { priority: 9 })
      yield* pass(500)
      yield* store.claim(busy, slow.slice(0, 2).map((jobId) => ({ jobId, token: crypto.randomUUID() })))
      yield* pass(500)
      const before = slow.length
      const [id] = yield* accept(1, { type: quick, priority: 0 })
      yield* pass(500)

      assert.deepStrictEqual(delivered, [id])
      assert.isBelow(before, 10, "the window of the busy type is full")
    }).pipe(Effect.provide(dispatcher)))

  it.effect("hands nothing over of a paused queue, and goes on when it is resumed", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type] })
      const store = yield* JobStore
      const signals = yield* Signals
      const delivered = yield* listen()
      const first = yield* accept(1)
      yield* pass(200)
      yield* store.pause(defaultQueue, localActor)
      const rest = yield* accept(3)
      yield* pass(3_000)
      assert.deepStrictEqual(delivered, first)
      assert.deepStrictEqual(yield* statesOf([...first, ...rest]), Array.from({ length: 4 }, () => "queued"))
      yield* store.resume(defaultQueue, localActor)
      yield* signals.send("queues")
      yield* pass(100)

      assert.deepStrictEqual(delivered.slice(1).toSorted(), [...first, ...rest].toSorted())
    }).pipe(Effect.provide(dispatcher)))

  it.effect("shares the work with other dispatchers: each job is handed over once", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type], slots: 50 })
      const delivered = yield* listen()
      const ids = yield* accept(100)
      yield* pass(1_000)

      assert.deepStrictEqual(delivered.toSorted(), ids.toSorted())
    }).pipe(Effect.provide(
      Layer.mergeAll(Layer.fresh(Dispatch.layer), Layer.fresh(Dispatch.layer), Layer.fresh(Dispatch.layer)).pipe(
        Layer.provideMerge(world)
      )
    )))

  it.effect("takes back what the broker does not get, rests, and hands it over when the broker is back", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type] })
      const broker = yield* BrokerFaults
      const { tables } = yield* MemoryDatabase
      yield* broker.outage
      const ids = yield* accept(3)
      yield* pass(30_000)
      const tries = Math.max(...ids.map((id) => tables.jobs.get(id)?.dispatchCount ?? 0))
      assert.isTrue((yield* statesOf(ids)).every((state) => state === "queued"))
      assert.isAtMost(tries, 25)
      assert.isAtLeast(tries, 10)
      yield* broker.restore
      const delivered = yield* listen()
      yield* pass(2_500)

      assert.deepStrictEqual(delivered.toSorted(), ids.toSorted())
    }).pipe(Effect.provide(dispatcher)))

  it.effect("sends all hints of a queue again that had to be made anew", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type], slots: 10 })
      const broker = yield* BrokerFaults
      const ids = yield* accept(5)
      yield* pass(500)
      yield* broker.deleteQueues
      const more = yield* accept(1)
      yield* pass(200)
      const delivered = yield* listen()
      yield* turn

      assert.deepStrictEqual([...new Set(delivered)].toSorted(), [...ids, ...more].toSorted())
    }).pipe(Effect.provide(dispatcher)))

  it.effect("goes on when the store comes back", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type] })
      const faults = yield* MemoryFaults
      const delivered = yield* listen()
      const ids = yield* accept(2)
      yield* faults.outage
      yield* pass(10_000)
      yield* faults.restore
      yield* pass(2_500)

      assert.deepStrictEqual(delivered.toSorted(), ids.toSorted())
    }).pipe(Effect.provide(dispatcher)))

  it.effect("serves many queues", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type], slots: 2 })
      const names = Array.from({ length: 8 }, (_, index) => queue(`queue-${index}`))
      const heard = yield* Effect.forEach(names, (name) => listen(type, name))
      yield* Effect.forEach(names, (name) => accept(2, { queue: name }))
      yield* pass(300)

      assert.deepStrictEqual(heard.map(({ length }) => length), names.map(() => 2))
    }).pipe(Effect.provide(dispatcher)))
})

/** How often due jobs are looked for in that time: each look uses up one order. */
const promotionsWithin = Effect.fnUntraced(function*(faults: MemoryFaults["Service"], millis: number) {
  const orders = 10_000
  yield* faults.order("JobStore.promote", { _tag: "Fail", reason: "conflict" }, orders)
  yield* pass(millis)
  let left = 0
  while (faults.meet("JobStore.promote") !== undefined) left += 1
  return orders - left
})
