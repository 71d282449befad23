import { defaultQueue } from "#domain/Job.ts"
import { Broker } from "#services/ports/Broker.ts"
import { BrokerFaults } from "#services/ports/memory/MemoryBroker.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import * as UndecodableMessages from "#services/UndecodableMessages.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { world } from "../support/Memory.ts"
import { metric, pass, typeName } from "./Given.ts"

const type = typeName("test.work")
const source = "odto.jobs.default.test.work"
const keeping = UndecodableMessages.layer.pipe(Layer.provideMerge(world))

/** A consumer meets what cannot be decoded. */
const consuming = Effect.gen(function*() {
  const broker = yield* Broker
  yield* Stream.runDrain(broker.hints({ queue: defaultQueue, type, prefetch: 10 })).pipe(
    Effect.forkScoped({ startImmediately: true })
  )
})

describe("UndecodableMessages", () => {
  it.effect("are kept and counted by where they came from", () =>
    Effect.gen(function*() {
      const faults = yield* BrokerFaults
      const { tables } = yield* MemoryDatabase
      yield* consuming
      yield* faults.garble({ queue: defaultQueue, type }, "{not json")
      yield* faults.garble({ queue: defaultQueue, type }, "<xml/>")
      yield* pass(100)

      assert.deepStrictEqual(tables.undecodable.map(({ body, source }) => [source, body]), [
        [source, "{not json"],
        [source, "<xml/>"]
      ])
      assert.strictEqual(yield* metric(`odto_messages_undecodable_total{source="${source}"}`), 2)
    }).pipe(Effect.provide(keeping)))

  it.effect("wait for a store that is away, and stop nothing when the store refuses them", () =>
    Effect.gen(function*() {
      const faults = yield* BrokerFaults
      const stores = yield* MemoryFaults
      const { tables } = yield* MemoryDatabase
      yield* consuming
      yield* stores.outage
      yield* faults.garble({ queue: defaultQueue, type }, "one")
      yield* pass(10_000)
      yield* stores.restore
      yield* pass(2_500)
      yield* stores.order("JobStore.recordUndecodable", { _tag: "Fail", reason: "data" })
      yield* faults.garble({ queue: defaultQueue, type }, "two")
      yield* pass(100)
      yield* faults.garble({ queue: defaultQueue, type }, "three")
      yield* pass(100)

      assert.deepStrictEqual(tables.undecodable.map(({ body }) => body), ["one", "three"])
      assert.strictEqual(yield* metric(`odto_messages_undecodable_total{source="${source}"}`), 3)
    }).pipe(Effect.provide(keeping)))
})
