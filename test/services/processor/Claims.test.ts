import { defaultQueue } from "#domain/Job.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import * as Claims from "#services/processor/Claims.ts"
import * as Completer from "#services/processor/Completer.ts"
import { LeakedSlots } from "#services/processor/LeakedSlots.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FiberSet, Scope } from "effect"
import { world } from "../../support/Memory.ts"
import * as Seed from "../../support/Seed.ts"
import { completed, typeName, typeOf, untilTrue, workerOptions } from "../Given.ts"

describe("Claims", () => {
  it.effect("leave nothing behind in a scope that lives for long, however many jobs were run", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const type = typeName("test.quick")
      const worker = yield* Seed.startWorker({ types: [type], slots: 50 })
      const scope = yield* Scope.make()
      const claims = yield* Effect.gen(function*() {
        return yield* Claims.make({
          worker,
          options: workerOptions([typeOf(type, () => Promise.resolve(completed))], { slots: 50 }),
          completer: yield* Completer.make,
          attempts: yield* FiberSet.make<void>(),
          leaked: new LeakedSlots()
        })
      }).pipe(Scope.provide(scope))
      const finalizers = () => scope.state._tag === "Open" ? scope.state.finalizers?.size : undefined
      const before = finalizers()

      let acked = 0
      for (let round = 0; round < 20; round++) {
        const jobs = Array.from({ length: 50 }, () => Seed.newJob({ type, queue: defaultQueue }))
        yield* Seed.accept(...jobs)
        const hints = yield* store.dispatch({ queue: defaultQueue, types: [type], window: 50, limit: 50 })
        for (const { dispatchCount, jobId } of hints) {
          const hint = { queue: defaultQueue, type, jobs: [{ jobId, dispatchCount }], traceparent: undefined }
          yield* claims.offer({ hint, redelivered: false, ack: Effect.sync(() => acked++) })
        }
        yield* claims.reconcile
        yield* untilTrue("all have ended", Effect.sync(() => acked === 50 * (round + 1) && claims.running.size === 0))
      }

      assert.isDefined(before)
      assert.strictEqual(finalizers(), before)
    }).pipe(Effect.provide(world)))
})
