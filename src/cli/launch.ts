/** Runs a program until it is told to stop: the first signal drains it, the second ends it at once. */
import { Effect, type Layer } from "effect"
import { exitCodes } from "./exitCodes.ts"

const stopSignals = ["SIGINT", "SIGTERM"] as const
/** A terminal sends Ctrl-C to npm and to us, and npm passes its own on: what comes this soon after is the same one. */
const sameMillis = 500

/** The first signal interrupts the main fiber by itself: here it is only said; being stopped is a success. */
const watchSignals = (stopping: string, stopped: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      let askedAt: number | undefined
      const wasAsked = () => askedAt !== undefined
      const listener = () => {
        if (askedAt !== undefined) {
          if (performance.now() - askedAt > sameMillis) process.exit(exitCodes.interrupted)
          return
        }
        askedAt = performance.now()
        process.exitCode = exitCodes.ok
        process.stderr.write(`${stopping}\n`)
      }
      for (const signal of stopSignals) process.on(signal, listener)
      return { listener, wasAsked }
    }),
    ({ listener, wasAsked }) =>
      Effect.sync(() => {
        for (const signal of stopSignals) process.off(signal, listener)
        if (wasAsked()) process.stderr.write(`${stopped}\n`)
      })
  )

/**
 * Builds the layer, says that it is ready, and holds it until the process is told to stop or `failure` fails. Fails when
 * the layer cannot be built.
 */
export const launch = <A, E, R, E2>(
  layer: Layer.Layer<A, E, R>,
  options: {
    readonly onReady: Effect.Effect<void, never, A>
    /** Said at the first signal. */
    readonly stopping: string
    /** Said when everything has come to its end after it. */
    readonly stopped: string
    /** Waits for what makes the program end by itself. */
    readonly failure: Effect.Effect<never, E2, A>
  }
) =>
  Effect.scoped(
    Effect.andThen(
      watchSignals(options.stopping, options.stopped),
      Effect.andThen(options.onReady, options.failure).pipe(Effect.provide(layer))
    )
  )
