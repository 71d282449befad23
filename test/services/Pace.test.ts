import { nowMillis } from "#services/Monotonic.ts"
import * as Pace from "#services/Pace.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

/** How long the next step has to wait, in milliseconds. */
const wait = (pace: Pace.Pace) =>
  Effect.gen(function*() {
    const before = yield* nowMillis
    const turn = yield* Effect.forkChild(Effect.andThen(pace.turn, nowMillis), { startImmediately: true })
    yield* TestClock.adjust("1 second")
    return (yield* Fiber.join(turn)) - before
  })

describe("Pace", () => {
  it.effect("lets the first step begin at once", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* wait(Pace.make(10)), 0)
    }))

  it.effect("keeps a step apart from one that moved several things, counted from its beginning", () =>
    Effect.gen(function*() {
      const pace = Pace.make(10)
      yield* pace.began(2)
      yield* TestClock.adjust("4 millis")

      assert.strictEqual(yield* wait(pace), 6)
    }))

  it.effect("holds up nothing after a step that moved one thing, or when the time has passed", () =>
    Effect.gen(function*() {
      const pace = Pace.make(10)
      yield* pace.began(5)
      yield* pace.began(1)
      assert.strictEqual(yield* wait(pace), 0)
      yield* pace.began(5)
      yield* TestClock.adjust("10 millis")
      assert.strictEqual(yield* wait(pace), 0)
    }))
})
