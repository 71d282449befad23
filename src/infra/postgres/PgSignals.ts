/**
 * Wake-ups between programs through NOTIFY (rule 28).
 *
 * NOTIFY takes one lock of the whole cluster until its commit is on disk: it has two connections of its own, commits
 * there without waiting for the disk, and is never part of another transaction. Signals of this process reach its own
 * streams without PostgreSQL. While PostgreSQL is away they go nowhere else; when it is back everybody is told to look.
 *
 * A pooler that hands out connections per transaction cannot carry LISTEN: give the address of the server itself.
 */
import { nowMillis } from "#services/Monotonic.ts"
import { type Signal, Signals, signals } from "#services/ports/Signals.ts"
import { keepGoing } from "#services/Supervised.ts"
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Latch, Layer, PubSub, Queue, type Redacted, Schedule, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { randomUUID } from "node:crypto"

export interface Options {
  readonly url: Redacted.Redacted
  /** What `pg_stat_activity` calls us. */
  readonly applicationName: string
}

const channel = "odto"
/** One to listen, one to send. */
const connections = 2
/** At most 200 a second: commits beside them are not slowed, as measured in the review of the protocol. */
const spacing = Duration.millis(5)
/** The relay, which alone listens to it, looks again by itself for this long after a row: `log` alone is told as often. */
const logSpacingMillis = 50
/** Signals that a slow reader may have waiting: older ones are dropped, a signal says the same however old. */
const mailbox = 64
/** A server that does not take a signal in this time is treated as away. */
const patience = Duration.seconds(2)
/** A server that is gone without a word is noticed within this and ten probes. */
const keepAlive = Duration.seconds(10)
/** From 50 ms, doubled, to 2 s: a restart of PostgreSQL is noticed at once, its absence costs nothing. */
const tryAgain = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")]).pipe(Schedule.jittered)
/** Between two connections that both came up: one that breaks at once must not turn in a circle. */
const pause = Duration.millis(50)

export const layer = (options: Options) =>
  Layer.effect(
    Signals,
    Effect.gen(function*() {
      const client = yield* Effect.orDie(PgClient.make({
        url: options.url,
        applicationName: `${options.applicationName} signals`,
        maxConnections: connections,
        connectTimeout: patience,
        keepAlive,
        startupParameters: { synchronous_commit: "off", statement_timeout: "2s" }
      }))
      const sent = yield* PubSub.sliding<Signal>(mailbox)
      /** Tells what we have sent from what others send. */
      const self = randomUUID().slice(0, 8)
      const waiting = new Set<Signal>()
      const something = Latch.makeUnsafe(false)
      const somethingElseThanLog = Latch.makeUnsafe(false)
      let logAfter = Number.NEGATIVE_INFINITY

      const notify = Effect.suspend(() => {
        const batch = [...waiting]
        waiting.clear()
        somethingElseThanLog.closeUnsafe()
        return client.notify(channel, spell(self, batch)).pipe(
          Effect.timeout(patience),
          Effect.tapError(() => Effect.sync(() => batch.forEach((signal) => waiting.add(signal))))
        )
      })

      const flush = Effect.gen(function*() {
        yield* something.await
        something.closeUnsafe()
        yield* Effect.timeoutOption(somethingElseThanLog.await, Math.max(0, logAfter - (yield* nowMillis)))
        if (waiting.has("log")) logAfter = (yield* nowMillis) + logSpacingMillis
        yield* Effect.retry(notify, tryAgain)
        yield* Effect.sleep(spacing)
      })

      /** Ends when the connection breaks; fails when there is none to be had. */
      const listen = Effect.scoped(Effect.gen(function*() {
        const notifications = yield* client.listen(channel)
        yield* PubSub.publishAll(sent, signals)
        yield* Queue.take(notifications).pipe(
          Effect.flatMap(({ payload }) => PubSub.publishAll(sent, read(self, payload))),
          Effect.forever,
          Effect.catch(() => Effect.logWarning("signals of other programs are late: PostgreSQL is away"))
        )
        yield* Effect.sleep(pause)
      }))

      yield* flush.pipe(Effect.forever, keepGoing("sending signals"))
      yield* listen.pipe(Effect.retry(tryAgain), Effect.forever, keepGoing("listening to signals"))

      return Signals.of({
        send: (signal) =>
          Effect.andThen(
            PubSub.publish(sent, signal),
            Effect.sync(() => {
              waiting.add(signal)
              something.openUnsafe()
              if (signal !== "log") somethingElseThanLog.openUnsafe()
            })
          ),
        stream: Stream.fromPubSub(sent)
      })
    })
  ).pipe(Layer.provide(Reactivity.layer))

const spell = (sender: string, batch: ReadonlyArray<Signal>) => `${sender} ${batch.join(",")}`

/** Nothing when it is our own; a word of a newer program that we do not know is passed over. */
const read = (self: string, payload: string): ReadonlyArray<Signal> => {
  const [sender, words = ""] = payload.split(" ")
  if (sender === self) return []
  const said = words.split(",")
  return signals.filter((signal) => said.includes(signal))
}
