/** Sleeps until there may be something to do: a signal, or the sweep behind it. */
import { Effect, Latch, Option, type Scope, Stream } from "effect"
import { type Signal, Signals } from "./ports/Signals.ts"

/** What making one takes. */
export type Needs = Signals

export interface Wake {
  /**
   * Returns at the next signal, at once if one came since the last wait, and after `millis` at the latest. Answers
   * whether it was a signal.
   */
  readonly wait: (millis: number) => Effect.Effect<boolean>
  /** Ends the current or next wait. */
  readonly now: () => void
}

export const make = (on: ReadonlyArray<Signal>): Effect.Effect<Wake, never, Signals | Scope.Scope> =>
  Effect.gen(function*() {
    const signals = yield* Signals
    const latch = Latch.makeUnsafe(false)
    yield* signals.stream.pipe(
      Stream.filter((signal) => on.includes(signal)),
      Stream.runForEach(() => Effect.sync(() => latch.openUnsafe())),
      Effect.forkScoped({ startImmediately: true })
    )
    return {
      wait: (millis) =>
        latch.await.pipe(
          Effect.timeoutOption(millis),
          Effect.map((signal) => {
            latch.closeUnsafe()
            return Option.isSome(signal)
          })
        ),
      now: () => latch.openUnsafe()
    }
  })
