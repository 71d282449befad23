/** Hints: confirmed, shared out, acknowledged, given back, and sent again when the broker has lost them. */
import { Broker, type Hint, maxHintsPerQueue, type UndecodableMessage } from "#services/ports/Broker.ts"
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Queue, Schedule, Stream } from "effect"
import { freshJobId } from "../../support/LogRows.ts"
import {
  afterTrouble,
  type BrokerTrials,
  collect,
  consume,
  deleteQueues,
  dropConnections,
  freshQueue,
  garble,
  hintsTo,
  hintTo,
  idsOf,
  takeAcked,
  untilReady
} from "./Trials.ts"

export const hintsBehave = (it: Vitest.MethodsNonLive<Broker | BrokerTrials>): void => {
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
      const hints = [...hintsTo(one, 40), ...hintsTo(other, 40)].toSorted((a, b) => idsOf([a]) < idsOf([b]) ? -1 : 1)

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

  it.effect("lets the oldest hints give way when nobody takes them", () =>
    Effect.gen(function*() {
      const broker = yield* Broker
      const target = freshQueue()
      const hints = hintsTo(target, maxHintsPerQueue + 10)

      const { unsent } = yield* broker.sendHints(hints)

      assert.strictEqual(unsent.length, 0)
      yield* untilReady(target, maxHintsPerQueue)
      const first = yield* Queue.take(yield* consume(target, 1))
      assert.deepStrictEqual(idsOf([first.hint]), idsOf(hints.slice(10, 11)))
    }))

  it.effect("makes a deleted queue anew, says so once, and sends what was meant for it", () =>
    Effect.gen(function*() {
      const broker = yield* Broker
      const target = freshQueue()
      yield* broker.sendHints(hintsTo(target, 2))
      yield* deleteQueues
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

      yield* deleteQueues
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

      yield* deleteQueues
      yield* untilReady(target, 0)
      const hint = hintTo(target)
      // a queue in the making refuses what is sent to it
      yield* broker.sendHints([hint]).pipe(Effect.repeat({ until: ({ unsent }) => unsent.length === 0 }))

      assert.deepStrictEqual((yield* Queue.take(seen)).hint, hint)
    }))

  it.effect("gets every job through though all queues are deleted while it works, when what is missing is sent again", () =>
    Effect.gen(function*() {
      const broker = yield* Broker
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

      yield* dropConnections
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
      yield* garble(target, "{\"v\":1,\"jobs\":[[\"no id\",\"x\"]]}")
      yield* broker.sendHints(hints.slice(1))

      const deliveries = yield* takeAcked(yield* consume(target, 1), 1)
      const stray = yield* Queue.take(strays)

      assert.deepStrictEqual(idsOf(deliveries.map(({ hint }) => hint)), idsOf(hints.slice(0, 1)))
      assert.strictEqual(stray.source, `odto.jobs.${target.queue}.${target.type}`)
      assert.strictEqual(stray.body, "{\"v\":1,\"jobs\":[[\"no id\",\"x\"]]}")
      assert.isNotEmpty(stray.reason)
      yield* untilReady(target, 0)
    }))
}
