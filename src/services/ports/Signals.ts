/**
 * Wake-ups between programs: "look now". Never the only way to learn of something: a sweep stands behind each.
 *
 * Signals are coalesced and may be lost, doubled or late.
 */
import { Context, Effect, Layer, PubSub, Stream } from "effect"

export const signals = ["due", "log", "cancel", "workers", "queues", "types"] as const
/**
 * `due`: jobs may be dispatched. `log`: rows were added to the event log. `cancel`: a running job is to be cancelled.
 * `workers`: workers came or went. `queues`: a queue is new, paused or resumed. `types`: a type was registered.
 */
export type Signal = typeof signals[number]

/** Signals that a slow reader may have waiting: older ones are dropped, a signal says the same however old. */
const mailbox = 64

export class Signals extends Context.Service<Signals, {
  /** Returns at once; sent outside every transaction. */
  readonly send: (signal: Signal) => Effect.Effect<void>
  /** Signals from this moment on, of this process and others. */
  readonly stream: Stream.Stream<Signal>
}>()("odto/services/Signals") {
  /** For one process: tests and the embedded system. */
  static readonly layerMemory = Layer.effect(
    Signals,
    Effect.gen(function*() {
      const sent = yield* PubSub.sliding<Signal>(mailbox)
      return Signals.of({
        send: (signal) => Effect.asVoid(PubSub.publish(sent, signal)),
        stream: Stream.fromPubSub(sent)
      })
    })
  )
}
