/** The event spine: the archive's feed, which loses nothing that was confirmed, and the live feed, whose holes show. */
import { Broker, type SpineDelivery, type SpineMessage, type UndecodableMessage } from "#services/ports/Broker.ts"
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Queue, Stream } from "effect"
import {
  afterTrouble,
  type BrokerTrials,
  collect,
  deleteQueues,
  dropConnections,
  freshQueue,
  garble,
  hintsTo,
  often,
  spine
} from "./Trials.ts"

export const spineBehaves = (it: Vitest.MethodsNonLive<Broker | BrokerTrials>): void => {
  it.effect("delivers log rows to the archive whole and in order", () =>
    Effect.gen(function*() {
      const broker = yield* Broker
      yield* deleteQueues
      const seen = yield* collect(broker.archiveFeed(10))
      const messages = spine(25)

      yield* afterTrouble(broker.sendLog(messages))

      const got = yield* takeRows(seen, 25)
      assert.deepStrictEqual(got.map(({ message }) => message), messages)
    }))

  it.effect("gives rows that the archive has not acknowledged to the next reader", () =>
    Effect.gen(function*() {
      const broker = yield* Broker
      yield* deleteQueues
      const messages = spine(3)
      yield* afterTrouble(broker.sendLog(messages))
      yield* Effect.scoped(Effect.andThen(collect(broker.archiveFeed(10)), Queue.take))

      const got = yield* takeRows(yield* collect(broker.archiveFeed(10)), 3)

      assert.deepStrictEqual(got.map(({ message }) => message), messages)
      assert.isTrue(got[0]?.redelivered)
    }))

  it.effect("refuses rows while the archive is behind, and goes on when it has caught up", () =>
    Effect.gen(function*() {
      const broker = yield* Broker
      yield* deleteQueues
      yield* afterTrouble(broker.sendLog(spine(1)))

      const refusal = yield* Effect.suspend(() => broker.sendLog(spine(10))).pipe(
        Effect.repeat({ times: 1_000 }),
        Effect.flip
      )
      const target = freshQueue()
      const { unsent } = yield* broker.sendHints(hintsTo(target, 1))
      const seen = yield* collect(broker.archiveFeed(10))
      yield* Queue.take(seen).pipe(Effect.flatMap(({ ack }) => ack), Effect.forever, Effect.forkScoped)
      yield* afterTrouble(broker.sendLog(spine(10)))

      assert.strictEqual(refusal.reason, "refused")
      assert.deepStrictEqual(unsent, [])
    }))

  it.effect("has the archive's queue made anew after it was deleted", () =>
    Effect.gen(function*() {
      const broker = yield* Broker
      yield* deleteQueues
      const seen = yield* collect(broker.archiveFeed(10))
      const before = spine(1)
      yield* afterTrouble(broker.sendLog(before))
      yield* untilRow(seen, before[0])
      const after = spine(2)

      yield* deleteQueues
      yield* afterTrouble(broker.sendLog(after))

      yield* untilRow(seen, after[1])
    }))

  it.effect("sets aside a row that cannot be decoded and goes on", () =>
    Effect.gen(function*() {
      const broker = yield* Broker
      yield* deleteQueues
      const strays = yield* collect<UndecodableMessage>(broker.undecodable)
      const seen = yield* collect(broker.archiveFeed(1))
      const messages = spine(2)
      yield* afterTrouble(broker.sendLog(messages.slice(0, 1)))
      yield* untilRow(seen, messages[0])

      yield* garble("archive", "[{\"specversion\":\"0.3\"}]")
      yield* broker.sendLog(messages.slice(1))

      yield* untilRow(seen, messages[1])
      const stray = yield* Queue.take(strays)
      assert.deepStrictEqual([stray.source, stray.body], ["odto.events.archive", "[{\"specversion\":\"0.3\"}]"])
    }))

  it.effect("shows rows to every live reader, each naming the one before it", () =>
    Effect.gen(function*() {
      const broker = yield* Broker
      yield* deleteQueues
      const readers = [yield* collect(broker.liveFeed), yield* collect(broker.liveFeed)]
      for (const reader of readers) yield* attached(reader)
      const messages = spine(20)

      yield* broker.sendLog(messages)

      for (const reader of readers) {
        yield* untilShown(reader, messages[0])
        const rest = yield* Queue.takeN(reader, 19)
        assert.deepStrictEqual(rest, messages.slice(1))
      }
    }))

  it.effect("drops the oldest rows for a live reader that is too slow, and the hole shows", () =>
    Effect.gen(function*() {
      const broker = yield* Broker
      yield* deleteQueues
      const archived = yield* collect(broker.archiveFeed(50))
      yield* Queue.take(archived).pipe(Effect.flatMap(({ ack }) => ack), Effect.forever, Effect.forkScoped)
      const shown = yield* Queue.bounded<SpineMessage>(1)
      yield* broker.liveFeed.pipe(Stream.runForEach((message) => Queue.offer(shown, message)), Effect.forkScoped)
      yield* attached(shown)

      const last = yield* Effect.forEach(Array.from({ length: 200 }), () => {
        const messages = spine(10)
        return Effect.as(afterTrouble(broker.sendLog(messages)), messages[9])
      })
      let [before, holes] = [yield* Queue.take(shown), 0]
      while (before.row.position.id !== last.at(-1)?.row.position.id) {
        const next = yield* Queue.take(shown)
        if (next.previous.id !== before.row.position.id) holes++
        before = next
      }

      assert.isAtLeast(holes, 1)
    }))

  it.effect("shows rows again after the connection broke, with a hole that shows", () =>
    Effect.gen(function*() {
      const broker = yield* Broker
      yield* deleteQueues
      const reader = yield* collect(broker.liveFeed)
      yield* attached(reader)

      yield* dropConnections
      yield* attached(reader)
      const messages = spine(3)
      yield* broker.sendLog(messages)

      yield* untilShown(reader, messages[0])
      assert.deepStrictEqual(yield* Queue.takeN(reader, 2), messages.slice(1))
    }))
}

const takeRows = (seen: Queue.Queue<SpineDelivery>, count: number) =>
  Effect.forEach(
    Array.from({ length: count }),
    () => Effect.tap(Queue.take(seen), ({ ack }) => ack)
  )

/** Acknowledges rows up to the wanted one: after trouble, rows may come twice. */
const untilRow = (seen: Queue.Queue<SpineDelivery>, wanted: SpineMessage | undefined) =>
  Effect.repeat(Effect.tap(Queue.take(seen), ({ ack }) => ack), {
    until: ({ message }) => message.row.position.id === wanted?.row.position.id
  })

const untilShown = (reader: Queue.Queue<SpineMessage>, wanted: SpineMessage | undefined) =>
  Effect.repeat(Queue.take(reader), { until: ({ row }) => row.position.id === wanted?.row.position.id })

/** A reader of the live feed sees nothing of what was before it: rows are sent until it sees one. */
const attached = Effect.fnUntraced(function*(reader: Queue.Queue<SpineMessage>) {
  const broker = yield* Broker
  yield* Queue.clear(reader)
  yield* Effect.suspend(() => Effect.ignore(broker.sendLog(spine(1)))).pipe(
    Effect.andThen(Queue.size(reader)),
    Effect.repeat({ until: (size) => size > 0, schedule: often })
  )
})
