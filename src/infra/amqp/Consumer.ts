/**
 * Deliveries of one broker queue for as long as the stream is consumed.
 *
 * Loss of the connection, of the channel and of the queue itself only pause it. Deliveries that were not acknowledged
 * go back to the broker with the channel that they came on; what has not been taken out of the stream by then is
 * dropped here, because it comes again.
 */
import type { BrokerError } from "#services/ports/Broker.ts"
import type { ConsumeMessage } from "amqplib"
import { Deferred, Effect, Queue, Stream } from "effect"
import { makeAcknowledger } from "./Acknowledger.ts"
import { ask, type Connection, keep, type Live, openChannel } from "./Amqp.ts"

export interface Source<A> {
  /** Makes the queue unless it is there and answers its name; `deleted` when it was deleted under this consumer. */
  readonly queue: (live: Live, deleted: boolean) => Effect.Effect<string, BrokerError>
  /**
   * Deliveries that may be unacknowledged at once: the only back pressure, so the mailbox in between is unbounded and
   * holds at most that many.
   */
  readonly prefetch: number
  /** undefined: there is nothing in it for the reader, and it is acknowledged. */
  readonly decode: (message: ConsumeMessage, ack: Effect.Effect<void>) => A | undefined
}

export const deliveries = <A>(connection: Connection, source: Source<A>): Stream.Stream<A> =>
  Stream.unwrap(Effect.gen(function*() {
    const mailbox = yield* Queue.unbounded<A>()
    let deleted = false

    const session = Effect.fnUntraced(function*(established: () => void) {
      const live = yield* connection.live
      const name = yield* source.queue(live, deleted)
      deleted = false
      yield* Effect.addFinalizer(() => Queue.clear(mailbox))
      const channel = yield* openChannel(live)
      const { ack, flush } = makeAcknowledger(channel)
      yield* Effect.addFinalizer(() => Effect.sync(flush))
      const over = yield* Deferred.make<void>()
      const end = () => void Deferred.doneUnsafe(over, Effect.void)
      channel.once("close", end) // the consumer's callback is not told
      yield* ask(live, "set the prefetch", () => channel.prefetch(source.prefetch))
      yield* ask(live, `consume ${name}`, () =>
        channel.consume(name, (message) => {
          if (message === null) {
            deleted = true
            return end()
          }
          const receipt = { ...message, content: noContent } // bodies need not wait for their acknowledgement
          const decoded = source.decode(message, Effect.sync(() => ack(receipt)))
          if (decoded === undefined) ack(receipt)
          else Queue.offerUnsafe(mailbox, decoded)
        }))
      established()
      yield* Deferred.await(over)
    }, Effect.scoped)

    yield* Effect.forkScoped(
      keep(session, (error) => Effect.logWarning(`cannot consume: ${error.message}`, error.cause))
    )
    return Stream.fromQueue(mailbox)
  }))

const noContent = Buffer.alloc(0)
