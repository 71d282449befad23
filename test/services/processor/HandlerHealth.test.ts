import { Health } from "#services/Health.ts"
import { Metrics } from "#services/ports/Metrics.ts"
import { handlers } from "#services/processor/HandlerHealth.ts"
import { Worker } from "#services/processor/Worker.ts"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

describe("The health of handlers", () => {
  it.effect("is bad until the worker has registered, and past half of the slots", () =>
    Effect.gen(function*() {
      const worker = yield* Deferred.make<Worker["Service"]>()
      let leaked = 0
      const health = Health.layer({
        program: "processor",
        version: "0.0.0",
        dependencies: Effect.succeed([handlers(worker)])
      }).pipe(Layer.provide(Metrics.layerMemory))
      yield* Effect.gen(function*() {
        const { readiness } = yield* Health
        const ask = Effect.andThen(TestClock.adjust("2 seconds"), readiness)
        const early = yield* ask
        yield* Deferred.succeed(
          worker,
          Worker.of({ status: Effect.sync(() => ({ id: "w", running: 4 - leaked, leaked, slots: 4 })) })
        )
        const fine = yield* ask
        leaked = 2
        const half = yield* ask
        leaked = 3
        const over = yield* ask

        assert.deepStrictEqual([early, fine, half, over].map(({ status }) => status), [
          "not-ready",
          "ready",
          "ready",
          "not-ready"
        ])
        assert.include(over.dependencies[0]?.detail, "3 of 4 slots")
      }).pipe(Effect.provide(health))
    }))
})
