import { burn } from "#infra/jobs/cpu.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const hour = 3_600_000

const stopped = (signal: AbortSignal) =>
  Effect.flip(Effect.tryPromise({ try: () => burn(hour, signal), catch: String }))

describe("demo.cpu", () => {
  it.effect("hears a signal that has fired before it starts", () =>
    Effect.map(stopped(AbortSignal.abort()), (reason) => assert.include(reason, "was stopped")))

  it.effect("ends when the signal fires", () =>
    Effect.gen(function*() {
      const controller = new AbortController()
      const answer = stopped(controller.signal)
      const abort = Effect.sync(() => controller.abort())
      const [reason] = yield* Effect.all([answer, abort], { concurrency: 2 })
      assert.include(reason, "was stopped")
    }))

  it.effect("says how far it has come", () =>
    Effect.map(Effect.promise(() => burn(20, new AbortController().signal)), ({ ms, rounds }) => {
      assert.strictEqual(ms, 20)
      assert.isAbove(rounds, 0)
    }))
})
