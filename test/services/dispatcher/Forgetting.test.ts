import * as Upkeep from "#services/dispatcher/Upkeep.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { world } from "../../support/Memory.ts"
import { freshJobId } from "../../support/Seed.ts"
import { pass } from "../Given.ts"

const minute = 60_000

describe("Forgetting what has expired", () => {
  it.effect("is done within a minute, however much there is, and put off when the store is away", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const { tables } = yield* MemoryDatabase
      const expiresAt = (yield* Clock.currentTimeMillis) + 90_000
      const jobId = freshJobId()
      for (let index = 0; index < 2_500; index++) {
        tables.keys.set(`key ${index}`, { jobId, bodyHash: "hash", status: "queued", expiresAt })
      }
      yield* pass(minute + 1_000)
      const kept = tables.keys.size
      yield* faults.order("JobStore.forgetExpired", { _tag: "Fail", reason: "unavailable" })
      yield* pass(minute)
      const putOff = tables.keys.size
      yield* pass(minute)

      assert.deepStrictEqual([kept, putOff, tables.keys.size], [2_500, 2_500, 0])
    }).pipe(Effect.provide(Upkeep.layer.pipe(Layer.provideMerge(world)))))
})
