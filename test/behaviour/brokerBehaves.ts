/**
 * What every implementation of Broker must do. Implementations call this with a layer that has empty queues.
 *
 * Whatever happens outside is waited for by what shows it; nothing here waits for a time to pass.
 */
import { JobTypeName, QueueName } from "#domain/Job.ts"
import { start } from "#domain/Position.ts"
import {
  Broker,
  type Hint,
  type HintDelivery,
  type SpineDelivery,
  type SpineMessage,
  type UndecodableMessage
} from "#services/ports/Broker.ts"
import type { JobQueueName } from "#services/ports/memory/MemoryBroker.ts"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, type Layer, Queue, Schedule, type Scope, Stream } from "effect"
import { freshJobId, logEvent, logRow } from "../support/LogRows.ts"

/** What the suite does to a broker behind its back. */
export class BrokerTrials extends Context.Service<BrokerTrials, {
  /** Deletes every queue that is not bound to a connection, with what is in it. */
  readonly deleteQueues: Effect.Effect<void>
  /** Breaks every connection. */
  readonly dropConnections: Effect.Effect<void>
  /** Puts a message into a queue, which exists, that cannot be decoded. */
  readonly garble: (into: JobQueueName | "archive", body: string) => Effect.Effect<void>
}>()("test/BrokerTrials") {}

let names = 0
/** A broker queue that no other test uses. */
const freshQueue = (): JobQueueName => ({
  queue: QueueName.make(`queue-${++names}`),
  type: JobTypeName.make("demo.noop")
})

const hintTo = (target: JobQueueName): Hint => ({
  ...target,
  jobs: [{ jobId: freshJobId(), dispatchCount: 1 }],
  traceparent: undefined
})
const hintsTo = (target: JobQueueName, count: number) => Array.from({ length: count }, () => hintTo(target))
const idsOf = (hints: ReadonlyArray<Hint>) => hints.flatMap(({ jobs }) => jobs.map(({ jobId }) => jobId))

let rows = 0
/** Rows of one event each, chained to each other and to those made before. */
const spine = (count: number): ReadonlyArray<SpineMessage> =>
  Array.from({ length: count }, () => {
    const at = 1_800_000_000_000 + rows
    const previous = rows === 0 ? start : { xid: BigInt(rows), id: BigInt(rows) }
    return { previous, row: logRow({ id: ++rows, at, events: [logEvent({ type: "created", at })] }) }
  })

/** What a stream brings, while the scope is open, in a queue to be looked into. */
const collect = <A>(stream: Stream.Stream<A>): Effect.Effect<Queue.Queue<A>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const seen = yield* Queue.unbounded<A>()
    yield* stream.pipe(Stream.runForEach((one) => Queue.offer(seen, one)), Effect.forkScoped)
    return seen
  })

const consume = (target: JobQueueName, prefetch: number) =>
  Effect.flatMap(Broker, (broker) => collect(broker.hints({ ...target, prefetch })))

const takeAcked = (seen: Queue.Queue<HintDelivery>, count: number) =>
  Effect.tap(Queue.takeN(seen, count), (deliveries) => Effect.forEach(deliveries, ({ ack }) => ack))

/** Counters of a real broker follow what happens within milliseconds. */
const untilReady = Effect.fnUntraced(function*({ queue, type }: JobQueueName, count: number) {
  const broker = yield* Broker
  yield* broker.ready(queue, type).pipe(Effect.repeat({ until: (ready) => ready === count, schedule: often }))
})
const often = Schedule.spaced("20 millis")
/** A broker that was hurt may refuse once or twice before it has found itself. */
const afterTrouble = Effect.retry({ schedule: often, times: 200 })

export const brokerBehaves = <E>(name: string, implementation: Layer.Layer<Broker | BrokerTrials, E>) =>
  layer(implementation, { excludeTestServices: true, timeout: "90 seconds" })(`Broker: ${name}`, (it) => {
    it.effect("delivers a hint as it was sent", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const target = freshQueue()
        const hint: Hint = {
          ...target,
          jobs: [{ jobId: freshJobId(), dispatchCount: 1 }, { jobId: freshJobId(), dispatchCount: 7 }],
          traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        }
        const seen = yield* consume(target, 10)

        const answer = yield* broker.sendHints([hint])

        assert.deepStrictEqual(answer, { unsent: [], madeAnew: [] })
        const delivery = yield* Queue.take(seen)
        assert.deepStrictEqual(delivery.hint, hint)
        assert.isFalse(delivery.redelivered)
      }))

    it.effect("sends to many queues at once and keeps each in order", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const [one, other] = [freshQueue(), freshQueue()]
        const hints = [...hintsTo(one, 40), ...hintsTo(other, 40)].sort((a, b) => idsOf([a]) < idsOf([b]) ? -1 : 1)

        yield* broker.sendHints(hints)

        for (const { queue } of [one, other]) {
          const deliveries = yield* takeAcked(yield* consume({ ...one, queue }, 100), 40)
          assert.deepStrictEqual(
            idsOf(deliveries.map(({ hint }) => hint)),
            idsOf(hints.filter((hint) => hint.queue === queue))
          )
        }
      }))

    it.effect("gives each hint to one of its consumers", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const target = freshQueue()
        const hints = hintsTo(target, 20)
        const consumers = [yield* consume(target, 1), yield* consume(target, 1)]
        const got: Array<[number, Hint]> = []
        const all = yield* Queue.unbounded<void>()
        for (const [index, seen] of consumers.entries()) {
          yield* Queue.take(seen).pipe(
            Effect.tap(({ ack, hint }) => {
              got.push([index, hint])
              return Effect.andThen(Queue.offer(all, undefined), ack)
            }),
            Effect.forever,
            Effect.forkScoped
          )
        }

        yield* broker.sendHints(hints)
        yield* Queue.takeN(all, hints.length)

        assert.sameMembers(idsOf(got.map(([, hint]) => hint)), idsOf(hints))
        assert.strictEqual(new Set(got.map(([index]) => index)).size, 2)
      }))

    it.effect("gives what a consumer has not acknowledged to the next one", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const target = freshQueue()
        const hints = hintsTo(target, 3)
        yield* broker.sendHints(hints)
        yield* Effect.scoped(Effect.gen(function*() {
          const [first] = yield* Queue.takeN(yield* consume(target, 10), 3)
          yield* first?.ack ?? Effect.die("nothing was delivered")
        }))

        const again = yield* takeAcked(yield* consume(target, 10), 2)

        assert.deepStrictEqual(idsOf(again.map(({ hint }) => hint)), idsOf(hints.slice(1)))
        assert.isTrue(again.every(({ redelivered }) => redelivered))
        yield* untilReady(target, 0)
      }))

    it.effect("delivers no more than the prefetch before something is acknowledged", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const target = freshQueue()
        const hints = hintsTo(target, 5)
        const seen = yield* consume(target, 3)
        yield* broker.sendHints(hints)
        const [first] = yield* Queue.takeN(seen, 3)
        yield* untilReady(target, 2)
        assert.strictEqual(yield* Queue.size(seen), 0)

        yield* first?.ack ?? Effect.die("nothing was delivered")

        const fourth = yield* Queue.take(seen)
        assert.deepStrictEqual(idsOf([fourth.hint]), idsOf(hints.slice(3, 4)))
        yield* untilReady(target, 1)
      }))

    it.effect("lets later hints be acknowledged before earlier ones", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const target = freshQueue()
        yield* broker.sendHints(hintsTo(target, 6))
        yield* Effect.scoped(Effect.gen(function*() {
          const [first, second, third] = yield* Queue.takeN(yield* consume(target, 3), 3)
          yield* third?.ack ?? Effect.die("nothing was delivered")
          yield* untilReady(target, 2)
          yield* Effect.all([first?.ack ?? Effect.void, third?.ack ?? Effect.void])
          yield* untilReady(target, 1)
          yield* second?.ack ?? Effect.void
          yield* untilReady(target, 0)
        }))

        yield* untilReady(target, 3)
      }))

    it.effect("counts what is ready, and nothing where there is no queue", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const target = freshQueue()
        assert.isUndefined(yield* broker.ready(target.queue, target.type))

        yield* broker.sendHints(hintsTo(target, 4))

        yield* untilReady(target, 4)
      }))

    it.effect("sends thousands of hints in one call", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const target = freshQueue()
        const hints = hintsTo(target, 5_000)

        const { unsent } = yield* broker.sendHints(hints)
        const deliveries = yield* takeAcked(yield* consume(target, 5_000), 5_000)

        assert.strictEqual(unsent.length, 0)
        assert.deepStrictEqual(idsOf(deliveries.map(({ hint }) => hint)), idsOf(hints))
      }))

    it.effect("makes a deleted queue anew, says so once, and sends what was meant for it", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const target = freshQueue()
        yield* broker.sendHints(hintsTo(target, 2))
        yield* Effect.flatMap(BrokerTrials, ({ deleteQueues }) => deleteQueues)
        assert.isUndefined(yield* broker.ready(target.queue, target.type))
        const hints = hintsTo(target, 3)

        const first = yield* broker.sendHints(hints)
        const second = yield* broker.sendHints([])

        assert.deepStrictEqual(first, { unsent: [], madeAnew: [target] })
        assert.deepStrictEqual(second, { unsent: [], madeAnew: [] })
        const deliveries = yield* takeAcked(yield* consume(target, 10), 3)
        assert.deepStrictEqual(idsOf(deliveries.map(({ hint }) => hint)), idsOf(hints))
      }))

    it.effect("goes on consuming when its queue was deleted", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const target = freshQueue()
        const seen = yield* consume(target, 10)
        yield* broker.sendHints(hintsTo(target, 1))
        yield* takeAcked(seen, 1)
        const hint = hintTo(target)

        yield* Effect.flatMap(BrokerTrials, ({ deleteQueues }) => deleteQueues)
        yield* broker.sendHints([hint])

        assert.deepStrictEqual((yield* Queue.take(seen)).hint, hint)
      }))

    it.effect("consumes a queue that was deleted and that nobody sends to", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const target = freshQueue()
        const seen = yield* consume(target, 10)
        yield* broker.sendHints(hintsTo(target, 1))
        yield* takeAcked(seen, 1)

        yield* Effect.flatMap(BrokerTrials, ({ deleteQueues }) => deleteQueues)
        yield* untilReady(target, 0)
        const hint = hintTo(target)
        // a queue in the making refuses what is sent to it
        yield* broker.sendHints([hint]).pipe(Effect.repeat({ until: ({ unsent }) => unsent.length === 0 }))

        assert.deepStrictEqual((yield* Queue.take(seen)).hint, hint)
      }))

    it.effect("gets every job through though all queues are deleted while it works, when what is missing is sent again", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const { deleteQueues } = yield* BrokerTrials
        const targets = [freshQueue(), freshQueue(), freshQueue()]
        const open = new Map<string, Hint>()
        for (const target of targets) {
          yield* broker.hints({ ...target, prefetch: 20 }).pipe(
            Stream.runForEach(({ ack, hint }) => {
              for (const id of idsOf([hint])) open.delete(id)
              return ack
            }),
            Effect.forkScoped
          )
        }
        const send = (hints: ReadonlyArray<Hint>) => Effect.ignore(broker.sendHints(hints))

        for (let round = 0; round < 30; round++) {
          const hints = targets.flatMap((target) => hintsTo(target, 20))
          for (const hint of hints) open.set(String(idsOf([hint])[0]), hint)
          yield* send(hints)
          if (round % 10 === 5) yield* deleteQueues
        }

        yield* Effect.suspend(() => send([...open.values()])).pipe(
          Effect.repeat({ until: () => open.size === 0, schedule: Schedule.spaced("200 millis") })
        )
      }))

    it.effect("delivers again on the same stream when the connection broke", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const target = freshQueue()
        const seen = yield* consume(target, 10)
        const hint = hintTo(target)
        yield* broker.sendHints([hint])
        const before = yield* Queue.take(seen)

        yield* Effect.flatMap(BrokerTrials, ({ dropConnections }) => dropConnections)
        const after = yield* Queue.take(seen)
        yield* before.ack
        yield* after.ack

        assert.deepStrictEqual([before.hint, before.redelivered], [hint, false])
        assert.deepStrictEqual([after.hint, after.redelivered], [hint, true])
        const next = hintTo(target)
        yield* afterTrouble(broker.sendHints([next]))
        assert.deepStrictEqual((yield* Queue.take(seen)).hint, next)
      }))

    it.effect("sets aside a hint that cannot be decoded and goes on", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        const target = freshQueue()
        const strays = yield* collect<UndecodableMessage>(broker.undecodable)
        const hints = hintsTo(target, 2)
        yield* broker.sendHints(hints.slice(0, 1))
        yield* Effect.flatMap(BrokerTrials, ({ garble }) => garble(target, "{\"v\":1,\"jobs\":[[\"no id\",\"x\"]]}"))
        yield* broker.sendHints(hints.slice(1))

        const deliveries = yield* takeAcked(yield* consume(target, 1), 1)
        const stray = yield* Queue.take(strays)

        assert.deepStrictEqual(idsOf(deliveries.map(({ hint }) => hint)), idsOf(hints.slice(0, 1)))
        assert.strictEqual(stray.source, `odto.jobs.${target.queue}.${target.type}`)
        assert.strictEqual(stray.body, "{\"v\":1,\"jobs\":[[\"no id\",\"x\"]]}")
        assert.isNotEmpty(stray.reason)
        yield* untilReady(target, 0)
      }))

    it.effect("delivers log rows to the archive whole and in order", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        yield* Effect.flatMap(BrokerTrials, ({ deleteQueues }) => deleteQueues)
        const seen = yield* collect(broker.archiveFeed(10))
        const messages = spine(25)

        yield* afterTrouble(broker.sendLog(messages))

        const got = yield* takeRows(seen, 25)
        assert.deepStrictEqual(got.map(({ message }) => message), messages)
      }))

    it.effect("gives rows that the archive has not acknowledged to the next reader", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        yield* Effect.flatMap(BrokerTrials, ({ deleteQueues }) => deleteQueues)
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
        yield* Effect.flatMap(BrokerTrials, ({ deleteQueues }) => deleteQueues)
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
        yield* Effect.flatMap(BrokerTrials, ({ deleteQueues }) => deleteQueues)
        const seen = yield* collect(broker.archiveFeed(10))
        const before = spine(1)
        yield* afterTrouble(broker.sendLog(before))
        yield* untilRow(seen, before[0])
        const after = spine(2)

        yield* Effect.flatMap(BrokerTrials, ({ deleteQueues }) => deleteQueues)
        yield* afterTrouble(broker.sendLog(after))

        yield* untilRow(seen, after[1])
      }))

    it.effect("sets aside a row that cannot be decoded and goes on", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        yield* Effect.flatMap(BrokerTrials, ({ deleteQueues }) => deleteQueues)
        const strays = yield* collect<UndecodableMessage>(broker.undecodable)
        const seen = yield* collect(broker.archiveFeed(1))
        const messages = spine(2)
        yield* afterTrouble(broker.sendLog(messages.slice(0, 1)))
        yield* untilRow(seen, messages[0])

        yield* Effect.flatMap(BrokerTrials, ({ garble }) => garble("archive", "[{\"specversion\":\"0.3\"}]"))
        yield* broker.sendLog(messages.slice(1))

        yield* untilRow(seen, messages[1])
        const stray = yield* Queue.take(strays)
        assert.deepStrictEqual([stray.source, stray.body], ["odto.events.archive", "[{\"specversion\":\"0.3\"}]"])
      }))

    it.effect("shows rows to every live reader, each naming the one before it", () =>
      Effect.gen(function*() {
        const broker = yield* Broker
        yield* Effect.flatMap(BrokerTrials, ({ deleteQueues }) => deleteQueues)
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
        yield* Effect.flatMap(BrokerTrials, ({ deleteQueues }) => deleteQueues)
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
        yield* Effect.flatMap(BrokerTrials, ({ deleteQueues }) => deleteQueues)
        const reader = yield* collect(broker.liveFeed)
        yield* attached(reader)

        yield* Effect.flatMap(BrokerTrials, ({ dropConnections }) => dropConnections)
        yield* attached(reader)
        const messages = spine(3)
        yield* broker.sendLog(messages)

        yield* untilShown(reader, messages[0])
        assert.deepStrictEqual(yield* Queue.takeN(reader, 2), messages.slice(1))
      }))

    it.effect("says that it is connected", () =>
      Effect.gen(function*() {
        const broker = yield* Broker

        const health = yield* broker.health.pipe(
          Effect.repeat({ until: ({ connected }) => connected, schedule: often })
        )

        assert.deepStrictEqual(health, { connected: true, detail: undefined })
      }))
  })

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
