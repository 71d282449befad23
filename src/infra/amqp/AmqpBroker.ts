/**
 * The broker port on RabbitMQ, 3.10 to 4.x.
 *
 * One connection publishes and another consumes: a broker that is full stops reading from those who publish, and must
 * not stop those who relieve it. It starts without a broker and finds it when it comes.
 */
import { Broker, type SpineDelivery, type UndecodableMessage } from "#services/ports/Broker.ts"
import { maxUndecodable } from "#services/ports/Broker.ts"
import type { ConsumeMessage } from "amqplib"
import { Effect, Layer, Queue, type Redacted, Result, Schedule, Stream } from "effect"
import { type Connection, type Live, makeConnection } from "./Amqp.ts"
import { deliveries, type Source } from "./Consumer.ts"
import { hintSender } from "./HintSender.ts"
import { logSender } from "./LogSender.ts"
import { decodeHint, decodeSpine, undecodable } from "./messages.ts"
import { makePublisher } from "./Publisher.ts"
import * as Topology from "./topology.ts"

export interface Options {
  /** `amqp:` or `amqps:`, with the virtual host as its path. */
  readonly url: Redacted.Redacted
  /** Who this is, for the broker's management: `dispatcher/host-1`. */
  readonly name: string
  /** Log rows that may wait for the archive before the spine stands still. Default: 50,000. */
  readonly archiveRows?: number
}

export const layer = (options: Options): Layer.Layer<Broker> => {
  const { archiveRows = Topology.maxArchiveRows, name, url } = options
  return Layer.effect(
    Broker,
    Effect.gen(function*() {
      const publishing = yield* makeConnection(url, `${name} publishing`)
      const consuming = yield* makeConnection(url, `${name} consuming`)
      const publisher = yield* makePublisher(publishing)
      const strays = yield* Queue.sliding<UndecodableMessage>(maxUndecodable)
      return Broker.of({
        ...feeds(consuming, archiveRows, (stray) => Queue.offerUnsafe(strays, stray)),
        sendHints: hintSender(publishing, publisher),
        sendLog: logSender(publishing, publisher, archiveRows),
        ready: (queue, type) =>
          Effect.flatMap(
            publishing.liveFor("count what waits"),
            (live) => Topology.readyIn(live, Topology.jobQueueName(queue, type))
          ),
        undecodable: Stream.fromQueue(strays),
        health: Effect.map(Effect.all([publishing.health, consuming.health]), (both) => ({
          connected: both.every(({ connected }) => connected),
          detail: both.find(({ detail }) => detail !== undefined)?.detail
        }))
      })
    })
  )
}

/**
 * A queue that was deleted under its consumer is left to its sender for a second: the sender then learns that earlier
 * hints are gone and sends them again at once.
 */
const untilSenderActs = Schedule.spaced("200 millis").pipe(Schedule.upTo({ times: 5 }))
/** Log rows that a reader of the live feed takes from the broker ahead of reading them. */
const livePrefetch = 100

type Feeds = Pick<Broker["Service"], "hints" | "archiveFeed" | "liveFeed">

const feeds = (
  connection: Connection,
  archiveRows: number,
  stray: (message: UndecodableMessage) => void
): Feeds => {
  const orStray = <A>(source: string, message: ConsumeMessage, decoded: Result.Result<A, string>): A | undefined =>
    Result.getOrElse(decoded, (reason) => {
      stray(undecodable(source, reason, message))
      return undefined
    })

  const spine = (from: Pick<Source<SpineDelivery>, "prefetch" | "queue" | "renewIdleAfterMillis">, source: string) =>
    deliveries<SpineDelivery>(connection, {
      ...from,
      decode: (received, ack) => {
        const message = orStray(source, received, decodeSpine(received))
        return message && { message, ack, redelivered: received.fields.redelivered }
      }
    })

  return {
    hints: ({ prefetch, queue, type }) => {
      const name = Topology.jobQueueName(queue, type)
      const sendersTurn = (live: Live) =>
        Effect.repeat(Topology.readyIn(live, name), {
          schedule: untilSenderActs,
          while: (ready) => ready === undefined
        })
      return deliveries(connection, {
        prefetch,
        queue: Effect.fnUntraced(function*(live, deleted) {
          if (deleted) yield* sendersTurn(live)
          yield* Topology.declareJobQueue(live, queue, type)
          return name
        }),
        decode: (message, ack) => {
          const hint = orStray(name, message, decodeHint(queue, type, message))
          return hint && { hint, ack, redelivered: message.fields.redelivered }
        }
      })
    },
    archiveFeed: (prefetch) =>
      spine({
        prefetch,
        queue: (live) => Effect.as(Topology.declareSpine(live, archiveRows), Topology.archiveQueue)
      }, Topology.archiveQueue),
    liveFeed: spine({
      prefetch: livePrefetch,
      queue: Topology.declareLiveQueue,
      renewIdleAfterMillis: Number.POSITIVE_INFINITY // a new queue would miss what passes in between
    }, `${Topology.eventsExchange} live`).pipe(Stream.mapEffect(({ ack, message }) => Effect.as(ack, message)))
  }
}
