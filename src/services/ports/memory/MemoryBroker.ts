/**
 * The broker inside one process: the embedded system's, and that of tests.
 *
 * It keeps the promises of a real one (confirm, acknowledge, prefetch, redelivery, bounds) and forgets everything when
 * the process ends, which the protocol allows: hints are sent again at every start, and the event log is the history.
 */
import type { JobTypeName, QueueName } from "#domain/Job.ts"
import { Context, Effect, Layer, PubSub, Queue, Stream } from "effect"
import {
  Broker,
  BrokerError,
  type Hint,
  maxHintsPerQueue,
  maxUndecodable,
  type SpineMessage,
  type UndecodableMessage
} from "../Broker.ts"
import { type Delivered, makeMemoryQueue, type MemoryQueue } from "./MemoryQueue.ts"

/** Trouble at will, for tests and drills. */
export class BrokerFaults extends Context.Service<BrokerFaults, {
  /** Deletes every queue with what is in it. */
  readonly deleteQueues: Effect.Effect<void>
  /** Breaks all connections for a moment: what is unacknowledged comes again. */
  readonly dropConnections: Effect.Effect<void>
  /** Nobody is connected until `restore`; what waits stays. */
  readonly outage: Effect.Effect<void>
  readonly restore: Effect.Effect<void>
  /** Puts something that nobody can decode into a queue. */
  readonly garble: (into: JobQueueName | "archive", body: string) => Effect.Effect<void>
}>()("odto/services/BrokerFaults") {}

export interface JobQueueName {
  readonly queue: QueueName
  readonly type: JobTypeName
}

export interface Options {
  /** Events that may wait for the archive before the spine stands still. Default: 100,000, some 50 MB of memory. */
  readonly archiveEvents?: number
}

const maxArchiveEvents = 100_000
/** Log rows that a reader of the live feed may lag behind before it loses the oldest. */
const maxLiveRows = 500

/** Stands in for bytes that do not decode. */
class Garbage {
  readonly body: string
  constructor(body: string) {
    this.body = body
  }
}

interface JobQueue {
  readonly messages: MemoryQueue<Hint | Garbage>
  /** `deleted`: it was there, and its messages are gone. */
  state: "absent" | "there" | "deleted"
}

export const layerWith = ({ archiveEvents = maxArchiveEvents }: Options): Layer.Layer<Broker | BrokerFaults> =>
  Layer.effectContext(Effect.gen(function*() {
    /** One for each pair of queue and type that is used. */
    const jobQueues = new Map<string, JobQueue>()
    const archive = makeMemoryQueue<SpineMessage | Garbage>((body) =>
      body instanceof Garbage ? 1 : body.row.events.length
    )
    const live = yield* PubSub.sliding<SpineMessage>({ capacity: maxLiveRows })
    const strays = yield* Queue.sliding<UndecodableMessage>(maxUndecodable)
    let isOut = false

    const jobQueue = ({ queue, type }: JobQueueName): JobQueue => {
      const found = jobQueues.get(nameOf(queue, type))
      if (found !== undefined) return found
      const made: JobQueue = { messages: makeMemoryQueue<Hint | Garbage>(() => 1), state: "absent" }
      if (isOut) made.messages.close()
      jobQueues.set(nameOf(queue, type), made)
      return made
    }
    const everyQueue = () => [archive, ...[...jobQueues.values()].map(({ messages }) => messages)]

    const unlessOut = <A>(operation: string, then: () => Effect.Effect<A, BrokerError>) =>
      Effect.suspend(() =>
        isOut
          ? Effect.fail(new BrokerError({ operation, reason: "unavailable", cause: "an outage was asked for" }))
          : then()
      )

    const sendHints: Broker["Service"]["sendHints"] = (hints) =>
      unlessOut("send hints", () => {
        const madeAnew: Array<JobQueueName> = []
        for (const hint of hints) {
          const { queue, type } = hint
          const target = jobQueue(hint)
          if (target.state === "deleted") madeAnew.push({ queue, type })
          target.state = "there"
          target.messages.push(hint)
          if (target.messages.ready() > maxHintsPerQueue) target.messages.shift()
        }
        return Effect.succeed({ unsent: [], madeAnew })
      })

    const sendLog: Broker["Service"]["sendLog"] = (messages) =>
      unlessOut("send the event log", () => {
        for (const message of messages) {
          if (archive.load() >= archiveEvents) {
            const cause = "the archive's queue is full"
            return Effect.fail(new BrokerError({ operation: "send the event log", reason: "refused", cause }))
          }
          archive.push(message)
        }
        return Effect.asVoid(PubSub.publishAll(live, messages))
      })

    /** What cannot be decoded is set aside; the rest is delivered as `present` makes it. */
    const deliveries = <M, A>(
      source: string,
      messages: MemoryQueue<M | Garbage>,
      prefetch: number,
      present: (body: M, redelivered: boolean, ack: Effect.Effect<void>) => A
    ): Stream.Stream<A> =>
      Stream.unwrap(Effect.gen(function*() {
        const mailbox = yield* Queue.unbounded<A>() // holds at most the prefetch
        const deliver = ({ ack, body, redelivered }: Delivered<M | Garbage>) => {
          if (body instanceof Garbage) {
            Queue.offerUnsafe(strays, { source, reason: "not decodable", body: body.body })
            ack()
          } else Queue.offerUnsafe(mailbox, present(body, redelivered, Effect.sync(ack)))
        }
        const forget = () => {
          while (Queue.sizeUnsafe(mailbox) > 0) Queue.takeUnsafe(mailbox)
        }
        yield* Effect.acquireRelease(
          Effect.sync(() => messages.consume(prefetch, deliver, forget)),
          (consumer) => Effect.sync(consumer.close)
        )
        return Stream.fromQueue(mailbox)
      }))

    const broker = Broker.of({
      sendHints,
      sendLog,
      hints: ({ prefetch, queue, type }) =>
        Stream.suspend(() => {
          const target = jobQueue({ queue, type })
          if (target.state === "absent") target.state = "there"
          return deliveries(nameOf(queue, type), target.messages, prefetch, (hint, redelivered, ack) => ({
            hint,
            redelivered,
            ack
          }))
        }),
      archiveFeed: (prefetch) =>
        deliveries(
          "odto.events.archive",
          archive,
          prefetch,
          (message, redelivered, ack) => ({ message, redelivered, ack })
        ),
      liveFeed: Stream.fromPubSub(live),
      ready: (queue, type) =>
        unlessOut("count what waits", () => {
          const { messages, state } = jobQueue({ queue, type })
          return Effect.succeed(state === "there" || messages.consumers() > 0 ? messages.ready() : undefined)
        }),
      undecodable: Stream.fromQueue(strays),
      health: Effect.sync(() => ({ connected: !isOut, detail: isOut ? "an outage was asked for" : undefined }))
    })

    const closeAll = Effect.sync(() => everyQueue().forEach(({ close }) => close()))
    const openAll = Effect.sync(() => everyQueue().forEach(({ open }) => open()))
    const faults = BrokerFaults.of({
      deleteQueues: Effect.sync(() => {
        archive.clear()
        for (const one of jobQueues.values()) {
          one.messages.clear()
          if (one.state === "there") one.state = "deleted"
        }
      }),
      dropConnections: Effect.andThen(closeAll, openAll),
      outage: Effect.tap(closeAll, () => {
        isOut = true
        return Effect.void
      }),
      restore: Effect.tap(openAll, () => {
        isOut = false
        return Effect.void
      }),
      garble: (into, body) =>
        Effect.sync(() => {
          const garbage = new Garbage(body)
          if (into === "archive") return archive.push(garbage)
          const target = jobQueue(into)
          target.state = "there"
          target.messages.push(garbage)
        })
    })

    return Context.make(Broker, broker).pipe(Context.add(BrokerFaults, faults))
  }))

/** The broker, and what makes trouble for it. */
export const layer: Layer.Layer<Broker | BrokerFaults> = layerWith({})

const nameOf = (queue: QueueName, type: JobTypeName) => `odto.jobs.${queue}.${type}`
