import { defaultQueue } from "#domain/Job.ts"
import * as Dispatch from "#services/dispatcher/Dispatch.ts"
import * as Resend from "#services/dispatcher/Resend.ts"
import { Broker } from "#services/ports/Broker.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { BrokerFaults } from "#services/ports/memory/MemoryBroker.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { world } from "../../support/Memory.ts"
import * as Seed from "../../support/Seed.ts"
import { pass, turn } from "../Given.ts"
import { accept, count, listen, statesOf, type } from "./HandOver.ts"

describe("Resend", () => {
  const both = Layer.merge(Dispatch.layer, Resend.layer).pipe(Layer.provideMerge(world))

  it.effect("sends again what the broker has lost, and not what waits there", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type], slots: 10 })
      const broker = yield* BrokerFaults
      const port = yield* Broker
      const { tables } = yield* MemoryDatabase
      const ids = yield* accept(3)
      // Heartbeats are not at work here.
      for (const worker of tables.workers.values()) worker.leaseUntil = Number.POSITIVE_INFINITY
      yield* pass(12_000)
      assert.strictEqual(yield* port.ready(defaultQueue, type), 3)
      yield* broker.deleteQueues
      yield* pass(10_500)
      const delivered = yield* listen()
      yield* turn

      assert.deepStrictEqual([...new Set(delivered)].toSorted(), ids.toSorted())
    }).pipe(Effect.provide(both)))

  it.effect("sends again what was overtaken, and what waits for a minute and more", () =>
    Effect.gen(function*() {
      const worker = yield* Seed.startWorker({ types: [type], slots: 10 })
      const store = yield* JobStore
      const delivered = yield* listen()
      const [first = Seed.freshJobId()] = yield* accept(1)
      yield* pass(6_000)
      assert.isAtLeast(delivered.filter((id) => id === first).length, 1)
      const [second = Seed.freshJobId()] = yield* accept(1)
      yield* pass(500)
      yield* store.claim(worker, [{ jobId: second, token: crypto.randomUUID() }])
      const before = delivered.filter((id) => id === first).length
      yield* pass(10_000)

      assert.isAbove(delivered.filter((id) => id === first).length, before)
    }).pipe(Effect.provide(both)))

  it.effect("takes back what no live worker can run", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type], slots: 10 })
      const { tables } = yield* MemoryDatabase
      const ids = yield* accept(3)
      yield* pass(1_000)
      assert.strictEqual(count(yield* statesOf(ids), "dispatched"), 3)
      for (const worker of tables.workers.values()) worker.state = "stopped"
      yield* pass(5_500)

      assert.strictEqual(count(yield* statesOf(ids), "queued"), 3)
    }).pipe(Effect.provide(both)))

  it.effect("puts the sweep off while the broker or the store is away", () =>
    Effect.gen(function*() {
      yield* Seed.startWorker({ types: [type], slots: 10 })
      const broker = yield* BrokerFaults
      const faults = yield* MemoryFaults
      const ids = yield* accept(3)
      yield* pass(1_000)
      yield* broker.deleteQueues
      yield* broker.outage
      yield* pass(11_000)
      yield* broker.restore
      yield* faults.outage
      yield* pass(6_000)
      yield* faults.restore
      yield* pass(6_000)
      const delivered = yield* listen()
      yield* turn

      assert.deepStrictEqual([...new Set(delivered)].toSorted(), ids.toSorted())
    }).pipe(Effect.provide(both)))
})
