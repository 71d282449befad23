/**
 * Loops that must not end: whatever stops one is told, and it begins anew.
 *
 * A program whose loop has died looks healthy and does nothing, which is the worst that can happen to it.
 */
import { Cause, Effect } from "effect"

/** Between the end of a loop and its new beginning. */
const pauseMillis = 1_000

/** Runs the loop in the background for as long as the scope; `what` says in the log what begins anew. */
export const keepGoing = (what: string) => <A, E, R>(loop: Effect.Effect<A, E, R>) =>
  loop.pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause)
        : Effect.logError(`${what} begins anew after an error that nobody has foreseen`, cause)
    ),
    Effect.andThen(Effect.sleep(pauseMillis)),
    Effect.forever,
    Effect.forkScoped
  )
