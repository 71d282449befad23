import * as Upkeep from "#services/dispatcher/Upkeep.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { world } from "../../support/Memory.ts"
import * as Seed from "../../support/Seed.ts"
import { historyOf, jobOf, pass } from "../Given.ts"

const upkeep = Upkeep.layer.pipe(Layer.provideMerge(world))

describe("Upkeep", () => {
  it.effect("ends waiting jobs at their deadline, however many there are", () =>
    Effect.gen(function*() {
      const jobs = Array.from({ length: 1_200 }, () => Seed.newJob({ deadline: 5_000 }))
      const later = Seed.newJob({ deadline: 60_000, runAt: 50_000 })
      yield* Seed.accept(...jobs, later)
      yield* pass(4_900)
      const { tables } = yield* MemoryDatabase
      const dead = () => jobs.filter(({ id }) => tables.jobs.get(id)?.state === "dead").length
      assert.strictEqual(dead(), 0)
      yield* pass(1_200)

      assert.strictEqual(dead(), 1_200)
      assert.strictEqual((yield* jobOf(later.id)).status, "scheduled")
      assert.deepStrictEqual(yield* historyOf(jobs[0]?.id ?? later.id), ["created", "dead-lettered"])
    }).pipe(Effect.provide(upkeep)))

  it.effect("folds counters, and goes on after the store was away", () =>
    Effect.gen(function*() {
      const { tables } = yield* MemoryDatabase
      const faults = yield* MemoryFaults
      yield* Seed.accept(Seed.newJob())
      assert.isAbove(tables.unfolded, 0)
      yield* faults.outage
      yield* pass(3_000)
      yield* faults.restore
      assert.isAbove(tables.unfolded, 0)
      yield* pass(600)

      assert.strictEqual(tables.unfolded, 0)
    }).pipe(Effect.provide(upkeep)))
})
