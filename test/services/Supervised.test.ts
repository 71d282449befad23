import { keepGoing } from "#services/Supervised.ts"
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"

it.effect("begins a loop anew after an error that nobody has foreseen", () =>
  Effect.gen(function*() {
    let rounds = 0
    const loop = Effect.suspend(() => ++rounds === 2 ? Effect.die("a bug") : Effect.void)
    yield* loop.pipe(Effect.andThen(Effect.sleep("1 second")), Effect.forever, keepGoing("the loop"))

    yield* TestClock.adjust("10 seconds")

    assert.isAbove(rounds, 5)
  }))

it.effect("begins anew after a failure, too", () =>
  Effect.gen(function*() {
    let begun = 0
    yield* Effect.suspend(() => Effect.fail(++begun)).pipe(keepGoing("the loop"))

    yield* TestClock.adjust("3 seconds")

    assert.strictEqual(begun, 4)
  }))

it.effect("ends with its scope", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    let rounds = 0
    yield* Effect.sync(() => ++rounds).pipe(
      Effect.andThen(Effect.sleep("1 second")),
      Effect.forever,
      keepGoing("the loop"),
      Scope.provide(scope)
    )
    yield* TestClock.adjust("2 seconds")
    yield* Scope.close(scope, Exit.void)
    const before = rounds

    yield* TestClock.adjust("10 seconds")

    assert.strictEqual(rounds, before)
  }))
