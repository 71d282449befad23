import { Intake } from "#services/gateway/Intake.ts"
import { JobTypes } from "#services/gateway/JobTypes.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { world } from "../../support/Memory.ts"
import { startWorker } from "../../support/Seed.ts"
import { answerTo, typeName } from "../Given.ts"

const gateway = Intake.layer.pipe(Layer.provide(JobTypes.layer), Layer.provideMerge(world))

describe("An idempotency key", () => {
  it.effect("takes a payload that is left out for an empty one, and for no other", () =>
    Effect.gen(function*() {
      yield* startWorker({ types: [typeName("mail.send")] })
      const request = { type: "mail.send", idempotencyKey: "key-1" }
      const answers = [
        yield* answerTo(request),
        yield* answerTo({ ...request, payload: {} }),
        yield* answerTo({ ...request, payload: { to: "me" } })
      ]

      assert.deepStrictEqual(answers.map((answer) => answer?._tag), ["Accepted", "Replayed", "KeyConflict"])
    }).pipe(Effect.provide(gateway)))
})
