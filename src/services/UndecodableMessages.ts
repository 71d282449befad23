/**
 * Keeps the messages that nobody could decode, for people to look at. They harm nothing: the broker has let go of them.
 *
 * Belongs into every program that takes messages from the broker.
 */
import { Effect, Layer, Schedule, Stream } from "effect"
import { Broker } from "./ports/Broker.ts"
import { JobStore } from "./ports/JobStore.ts"
import { Metrics } from "./ports/Metrics.ts"
import { keepGoing } from "./Supervised.ts"

/** A store that is away is tried again for as long as it takes; meanwhile the broker keeps the newest. */
const retryPolicy = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])

/** Runs until its scope closes. */
export const layer = Layer.effectDiscard(Effect.gen(function*() {
  const broker = yield* Broker
  const store = yield* JobStore
  const metrics = yield* Metrics

  yield* broker.undecodable.pipe(
    Stream.runForEachArray((messages) => {
      for (const { source } of messages) metrics.increment("odto_messages_undecodable_total", { source })
      return Effect.logWarning("messages could not be decoded", {
        count: messages.length,
        source: messages[0].source,
        reason: messages[0].reason
      }).pipe(
        Effect.andThen(Effect.retry(store.recordUndecodable(messages), {
          schedule: retryPolicy,
          while: (error) => error.isRetryable
        })),
        Effect.catch((error) => Effect.logError("undecodable messages could not be kept", { reason: error.reason }))
      )
    }),
    keepGoing("keeping undecodable messages")
  )
}))
