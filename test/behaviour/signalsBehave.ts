import { type Signal, Signals, signals } from "#services/ports/Signals.ts"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, type Layer, Stream } from "effect"

/** Opens a stream and answers a fiber that ends when the signal has come. */
export const heard = Effect.fnUntraced(function*(signal: Signal) {
  const { stream } = yield* Signals
  return yield* stream.pipe(
    Stream.takeUntil((one) => one === signal),
    Stream.runDrain,
    Effect.forkScoped({ startImmediately: true })
  )
})

/** What every implementation of Signals must do. Signals may come late, twice and without need, so nothing counts them. */
export const signalsBehave = <E>(name: string, implementation: Layer.Layer<Signals, E>) =>
  layer(implementation, { excludeTestServices: true })(`Signals: ${name}`, (it) => {
    it.effect("brings each signal to every stream that is open", () =>
      Effect.gen(function*() {
        const { send } = yield* Signals
        for (const signal of signals) {
          const fibers = yield* Effect.all([heard(signal), heard(signal)])
          yield* send(signal)
          yield* Effect.forEach(fibers, Fiber.join)
        }
      }))

    it.effect("does not let a sender wait for a reader that has stopped reading", () =>
      Effect.gen(function*() {
        const { send, stream } = yield* Signals
        const stuck = yield* Deferred.make<void>()
        yield* stream.pipe(
          Stream.runForEach(() => Effect.andThen(Deferred.succeed(stuck, undefined), Effect.never)),
          Effect.forkScoped({ startImmediately: true })
        )
        yield* send("due")
        yield* Deferred.await(stuck)

        const other = yield* heard("types")
        yield* Effect.forEach(Array.from({ length: 1_000 }), () => send("log"), { discard: true })
        yield* send("types")

        yield* Fiber.join(other)
      }))

    it.effect("goes on for the others when a reader leaves", () =>
      Effect.gen(function*() {
        const { send } = yield* Signals
        const [leaver, stayer] = yield* Effect.all([heard("workers"), heard("queues")])
        yield* send("workers")
        yield* Fiber.join(leaver)

        yield* send("queues")

        assert.isUndefined(yield* Fiber.join(stayer))
      }))
  })
