import * as QueueGauges from "#services/dispatcher/QueueGauges.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { world } from "../../support/Memory.ts"
import * as Seed from "../../support/Seed.ts"
import { metric, pass } from "../Given.ts"

const gauges = QueueGauges.layer.pipe(Layer.provideMerge(world))
const queue = Seed.freshQueue()
const state = (name: string) => metric(`odto_queue_jobs{queue="${queue}",state="${name}"}`)

describe("The numbers of queues", () => {
  it.effect("tell the states that dispatch does not, and types that nobody works on", () =>
    Effect.gen(function*() {
      yield* Seed.accept(
        Seed.newJob({ queue, runAt: 60_000_000 }),
        Seed.newJob({ queue, runAt: 60_000_000 }),
        Seed.newJob({ queue })
      )
      yield* pass(5_100)

      assert.strictEqual(yield* state("scheduled"), 2)
      assert.strictEqual(yield* metric(`odto_queue_types_without_worker{queue="${queue}"}`), 3)
    }).pipe(Effect.provide(gauges)))

  it.effect("go on after the store was away", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      yield* faults.outage
      yield* Effect.ensuring(pass(10_100), faults.restore)
      yield* Seed.accept(Seed.newJob({ queue, runAt: 60_000_000 }))
      yield* pass(5_100)

      assert.strictEqual(yield* state("scheduled"), 1)
    }).pipe(Effect.provide(gauges)))
})
