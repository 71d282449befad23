/**
 * What the broker is asked to keep.
 *
 *     hints    default exchange ──────────────> odto.jobs.<queue>.<type>     one quorum queue per queue and type
 *     spine    odto.events ── key `archive` ──> odto.events.archive          quorum queue, refuses when full
 *                          └─ key `live` ─────> one exclusive queue per reader, oldest give way
 *
 * The spine has a key of its own for the archive: "mandatory" asks only whether anybody got the message, and a screen
 * that listens must not hide that the archive's queue is missing.
 *
 * The arguments of a queue can never be changed, so a queue that exists with others is used as it is; bounds are tuned by
 * policies. Everything here is accepted by RabbitMQ 3.10 to 4.
 */
import type { JobTypeName, QueueName } from "#domain/Job.ts"
import { type BrokerError, maxHintsPerQueue } from "#services/ports/Broker.ts"
import type { Channel, Options } from "amqplib"
import { Duration, Effect, Semaphore } from "effect"
import { ask, type Live, openChannel, replyCode } from "./Amqp.ts"

export const jobQueueName = (queue: QueueName, type: JobTypeName): string => `odto.jobs.${queue}.${type}`
export const eventsExchange = "odto.events"
export const archiveQueue = "odto.events.archive"
export const archiveKey = "archive"
export const liveKey = "live"

/**
 * Log rows that may wait for an archive that is down: minutes at full load. Then the spine stands still and the rows wait
 * in the event log, instead of filling the broker until it blocks the hints too.
 */
export const maxArchiveRows = 50_000
/** The same in bytes, for rows with hundreds of events: an eighth of a broker with 4 GiB. */
const maxArchiveBytes = 512 * 1024 * 1024
/** Rows that a reader of the live feed may lag behind before it loses the oldest: seconds at full load. */
export const maxLiveRows = 500

/**
 * In effect none. RabbitMQ 4 drops a message after 20 returns unless told otherwise; −1 means "no limit" only there, 3.10
 * accepts it and then drops at the first return.
 */
const deliveryLimit = 1_000_000

/**
 * Between finding a queue gone and making it anew: its consumers hear of the deletion 30 ms later, and one that has not
 * heard when the queue is there again stays attached to the old one for good (seen on 3.10).
 */
export const untilConsumersKnow = Duration.millis(300)

const quorum = (bounds: Record<string, unknown>): Options.AssertQueue => ({
  durable: true,
  arguments: { "x-queue-type": "quorum", "x-delivery-limit": deliveryLimit, ...bounds }
})

const jobQueue = quorum({ "x-max-length": maxHintsPerQueue, "x-overflow": "drop-head" })
const archive = (maxRows: number) =>
  quorum({ "x-max-length": maxRows, "x-max-length-bytes": maxArchiveBytes, "x-overflow": "reject-publish" })

const preconditionFailed = 406
const notFound = 404

/** On a channel of its own: a question that the broker answers by "no" costs the channel. */
const apart = <A>(live: Live, operation: string, question: (channel: Channel) => Promise<A>) =>
  Effect.scoped(Effect.flatMap(openChannel(live), (channel) => ask(operation, () => question(channel))))

/**
 * Queues are made one after the other: while RabbitMQ makes a quorum queue, others find it there and not yet working
 * (3.10 refuses what is sent to it, and closes the connection of who consumes it).
 */
const making = Semaphore.makeUnsafe(1)

const declare = (live: Live, name: string, options: Options.AssertQueue): Effect.Effect<void, BrokerError> =>
  apart(live, `declare ${name}`, (channel) => channel.assertQueue(name, options)).pipe(
    Semaphore.withPermit(making),
    Effect.catchIf(
      (error) => replyCode(error.cause) === preconditionFailed,
      () => Effect.logWarning(`the broker queue ${name} exists with other arguments and is used as it is`)
    ),
    Effect.asVoid
  )

/** Makes the queue unless it is there. */
export const declareJobQueue = (live: Live, queue: QueueName, type: JobTypeName): Effect.Effect<void, BrokerError> =>
  declare(live, jobQueueName(queue, type), jobQueue)

/** Makes the exchange and the archive's queue unless they are there. */
export const declareSpine = (live: Live, archiveRows: number): Effect.Effect<void, BrokerError> =>
  Effect.andThen(
    declare(live, archiveQueue, archive(archiveRows)),
    apart(live, "declare the event spine", async (channel) => {
      await channel.assertExchange(eventsExchange, "direct", { durable: true })
      await channel.bindQueue(archiveQueue, eventsExchange, archiveKey)
    })
  )

/** A queue that lives as long as the connection and its reader; answers its name. */
export const declareLiveQueue = (live: Live): Effect.Effect<string, BrokerError> =>
  apart(live, "declare a live feed", async (channel) => {
    await channel.assertExchange(eventsExchange, "direct", { durable: true })
    const { queue } = await channel.assertQueue("", {
      durable: false,
      exclusive: true,
      autoDelete: true,
      arguments: { "x-queue-type": "classic", "x-max-length": maxLiveRows, "x-overflow": "drop-head" }
    })
    await channel.bindQueue(queue, eventsExchange, liveKey)
    return queue
  })

export const deleteQueue = (live: Live, name: string): Effect.Effect<void, BrokerError> =>
  Effect.asVoid(apart(live, `delete ${name}`, (channel) => channel.deleteQueue(name)))

/** Messages that wait in a queue; undefined when there is no such queue. */
export const readyIn = (live: Live, name: string): Effect.Effect<number | undefined, BrokerError> =>
  apart(live, `count what waits in ${name}`, (channel) => channel.checkQueue(name)).pipe(
    Effect.map(({ messageCount }) => messageCount),
    Effect.catchIf((error) => replyCode(error.cause) === notFound, () => Effect.succeed(undefined))
  )
