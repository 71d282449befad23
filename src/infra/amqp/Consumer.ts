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
import { ask, type Connection, explain, keep, type Live, openChannel } from "./Amqp.ts"
import { deleteQueue } from "./topology.ts"

/**
 * A consumer that has had nothing to do for so long takes a new channel. RabbitMQ's quorum queues can lose a consumer
 * without a word: one whose queue was deleted and made again within 30 ms stays attached, and its messages go nowhere.
 */
const idleRenewalMillis = 30_000

/**
 * A queue that is there and yet refuses its consumer so many times in a row, for so long, is deleted and made anew.
 * RabbitMQ 3.10 leaves one behind that neither takes nor gives when it is killed just after making it: it does not
 * answer, or answers by closing the connection (541). To lose what is in it is within the protocol. A queue in the making
 * may refuse as well, but not for long.
 */
const refusalsBeforeRemaking = 3
const refusedForMillis = 10_000

export interface Source<A> {
  /** Makes the queue unless it is there and answers its name; `deleted` when it was deleted under this consumer. */
  readonly queue: (live: Live, deleted: boolean) => Effect.Effect<string, BrokerError>
  /**
   * Deliveries that may be unacknowledged at once: the only back pressure, so the mailbox in between is unbounded and
   * holds at most that many.
   */
  readonly prefetch: number
  /** Default: 30 seconds. */
  readonly renewIdleAfterMillis?: number
  /** undefined: there is nothing in it for the reader, and it is acknowledged. */
  readonly decode: (message: ConsumeMessage, ack: Effect.Effect<void>) => A | undefined
}

export const deliveries = <A>(connection: Connection, source: Source<A>): Stream.Stream<A> =>
  Stream.unwrap(Effect.gen(function*() {
    const { renewIdleAfterMillis = idleRenewalMillis } = source
    const mailbox = yield* Queue.unbounded<A>()
    let deleted = false
    let refusals = 0
    let refusedSince = 0
    let isBroken = false

    const countRefusal = (name: string) =>
      Effect.suspend(() => {
        if (refusals === 0) refusedSince = performance.now()
        refusals += 1
        if (refusals < refusalsBeforeRemaking || performance.now() - refusedSince < refusedForMillis) return Effect.void
        refusals = 0
        isBroken = true
        return Effect.logWarning(`the broker queue ${name} is broken and will be made anew`)
      })

    /** On a connection that lives: the one on which the queue refused may be gone. */
    const makeQueue = Effect.fnUntraced(function*(live: Live) {
      const name = yield* source.queue(live, deleted)
      deleted = false
      if (!isBroken) return name
      yield* deleteQueue(live, name)
      isBroken = false
      return yield* source.queue(live, false)
    })

    const session = Effect.fnUntraced(function*(established: () => void) {
      const live = yield* connection.live
      const name = yield* makeQueue(live)
      yield* Effect.addFinalizer(() => Queue.clear(mailbox))
      const channel = yield* openChannel(live)
      const { ack, flush, isDone } = makeAcknowledger(channel)
      let lastTag = 0
      let lastAt = performance.now()
      yield* Effect.addFinalizer(() => Effect.sync(flush))
      const over = yield* Deferred.make<void>()
      const end = () => void Deferred.doneUnsafe(over, Effect.void)
      channel.once("close", end) // the consumer's callback is not told
      yield* ask("set the prefetch", () => channel.prefetch(source.prefetch))
      const receive = (message: ConsumeMessage | null) => {
        if (message === null) {
          deleted = true
          return end()
        }
        lastTag = message.fields.deliveryTag
        lastAt = performance.now()
        const receipt = { ...message, content: noContent } // bodies need not wait for their acknowledgement
        const decoded = source.decode(message, Effect.sync(() => ack(receipt)))
        if (decoded === undefined) ack(receipt)
        else Queue.offerUnsafe(mailbox, decoded)
      }
      yield* ask(`consume ${name}`, () => channel.consume(name, receive)).pipe(
        Effect.tapError(() => countRefusal(name))
      )
      refusals = 0
      established()
      const idle = Effect.sleep(renewIdleAfterMillis).pipe(
        Effect.repeat({ until: () => isDone(lastTag) && performance.now() - lastAt >= renewIdleAfterMillis })
      )
      yield* Effect.race(Deferred.await(over), idle)
    }, Effect.scoped)

    yield* Effect.forkScoped(keep(session, (error) => Effect.logWarning(explain(error))))
    return Stream.fromQueue(mailbox)
  }))

const noContent = Buffer.alloc(0)
