/**
 * Sends messages and tells what became of each.
 *
 * A message counts as sent only when the broker has confirmed it and has not returned it before: RabbitMQ confirms what
 * it could not route, too. All messages of a call are on their way together; the confirms come for many at once.
 */
import { BrokerError, confirmWithinMillis } from "#services/ports/Broker.ts"
import type { ConfirmChannel, Options } from "amqplib"
import { Duration, Effect, Option, Semaphore } from "effect"
import { askForChannel, type Connection, type Live } from "./Amqp.ts"

export interface Outgoing {
  readonly exchange: string
  readonly routingKey: string
  readonly body: Buffer
  readonly properties: Options.Publish
}

/**
 * `refused`: the broker said no. `returned`: nobody would get it. `silent`: no confirm in time, so it may be there or
 * not. `lost`: the channel broke before the confirm, likewise.
 */
export type Verdict = "sent" | "refused" | "returned" | "silent" | "lost"

export interface Publisher {
  /** Verdicts in the order of the messages. Fails when there is no connection or the broker takes no messages. */
  readonly send: (
    operation: string,
    messages: ReadonlyArray<Outgoing>
  ) => Effect.Effect<ReadonlyArray<Verdict>, BrokerError>
  /** Sends to whoever listens at the moment, if anybody does; nobody is told what became of it. */
  readonly announce: (messages: ReadonlyArray<Outgoing>) => Effect.Effect<void>
}

/**
 * Messages without a confirm at any time: a confirm takes milliseconds, so this is no limit to throughput, and it bounds
 * what is held in memory when the broker is slow.
 */
const maxInFlight = 4_000
/** A call's messages go in parts of this size, so that a large call leaves room for others. */
const maxTogether = 1_000

/** A confirm channel with what it knows of its messages. */
interface Line {
  readonly live: Live
  readonly channel: ConfirmChannel
  isOpen: boolean
  /** Nothing more is sent on it. It is closed when the last call that waits for it has given up or got its confirms. */
  retired: boolean
  waiting: number
  /** Makes the ids by which returned messages are known again. */
  numbered: number
  /** Ids of messages that were returned and not yet confirmed. */
  readonly returned: Set<string>
}

export const makePublisher = (connection: Connection): Effect.Effect<Publisher> =>
  Effect.gen(function*() {
    const opening = yield* Semaphore.make(1)
    const room = yield* Semaphore.make(maxInFlight)
    let current: Line | undefined

    /** The channel to send on. */
    const line = Effect.fnUntraced(function*(operation: string) {
      const live = yield* connection.liveFor(operation)
      const blocked = live.blocked()
      if (blocked !== undefined) {
        return yield* new BrokerError({ operation, reason: "unavailable", cause: `blocked: ${blocked}` })
      }
      if (!isFit(current) || current.live !== live) current = yield* openOn(live)
      return current
    }, Semaphore.withPermit(opening))

    const sendTogether = (operation: string, messages: ReadonlyArray<Outgoing>) =>
      Effect.flatMap(line(operation), (open) => transmit(open, messages)).pipe(
        Semaphore.withPermits(room, messages.length)
      )

    return {
      send: (operation, messages) => {
        if (messages.length === 0) return Effect.succeed([])
        if (messages.length <= maxTogether) return sendTogether(operation, messages)
        const parts = Array.from(
          { length: Math.ceil(messages.length / maxTogether) },
          (_, index) => messages.slice(index * maxTogether, (index + 1) * maxTogether)
        )
        return Effect.map(
          Effect.forEach(parts, (part) => sendTogether(operation, part), { concurrency: maxInFlight / maxTogether }),
          (verdicts) => verdicts.flat()
        )
      },
      announce: (messages) =>
        Effect.ignore(Effect.try(() => {
          if (!isFit(current) || current.live.blocked() !== undefined) return
          for (const { body, exchange, properties, routingKey } of messages) {
            current.channel.publish(exchange, routingKey, body, properties)
          }
        }))
    }
  })

const isFit = (line: Line | undefined): line is Line => line !== undefined && line.isOpen && !line.retired

const openOn = (live: Live): Effect.Effect<Line, BrokerError> =>
  Effect.map(askForChannel(live, (model) => model.createConfirmChannel()), (channel) => {
    const line: Line = { live, channel, isOpen: true, retired: false, waiting: 0, numbered: 0, returned: new Set() }
    channel.prependListener("close", () => {
      line.isOpen = false // before amqplib's own listener, which fails what is in flight
    })
    channel.on("return", ({ properties }) => void line.returned.add(properties.messageId))
    return line
  })

const transmit = (line: Line, messages: ReadonlyArray<Outgoing>): Effect.Effect<ReadonlyArray<Verdict>> =>
  Effect.suspend(() => {
    const verdicts = messages.map((): Verdict => "silent")
    line.waiting++
    const settled = Effect.callback<void>((resume) => {
      let left = messages.length
      const settle = (index: number, verdict: Verdict) => {
        verdicts[index] = verdict
        if (--left === 0) resume(Effect.void)
      }
      for (const [index, { body, exchange, properties, routingKey }] of messages.entries()) {
        const messageId = String(++line.numbered)
        const confirmed = (error: unknown) =>
          settle(
            index,
            line.returned.delete(messageId)
              ? "returned"
              : error === null || error === undefined
              ? "sent"
              : line.isOpen
              ? "refused"
              : "lost"
          )
        try {
          const options = { ...properties, messageId, persistent: true, mandatory: true }
          line.channel.publish(exchange, routingKey, body, options, confirmed)
        } catch {
          settle(index, "lost") // amqplib throws at once on a channel that is closed
        }
      }
    })
    const settledOrSilent = Effect.timeoutOption(settled, Duration.millis(confirmWithinMillis))
    return Effect.map(settledOrSilent, (done) => {
      // a broker that is full will go on with what it has; otherwise amqplib would remember all that is sent after this
      if (Option.isNone(done) && line.live.blocked() === undefined) line.retired = true
      return [...verdicts]
    }).pipe(
      Effect.ensuring(Effect.sync(() => {
        if (--line.waiting === 0 && line.retired && line.isOpen) line.channel.close().catch(() => {})
      }))
    )
  })
