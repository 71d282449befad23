/**
 * RabbitMQ killed, frozen, full and absent, under a broker that is in use: nothing hangs, nothing that was confirmed is
 * lost, and everything goes on without a restart.
 */
import { JobTypeName, QueueName } from "#domain/Job.ts"
import * as AmqpBroker from "#infra/amqp/AmqpBroker.ts"
import { Broker, type Hint, type HintDelivery, type SpineMessage } from "#services/ports/Broker.ts"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Queue, Redacted, Schedule, Scope, Stream } from "effect"
import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { promisify } from "node:util"
import { freshJobId, logEvent, logRow } from "../support/LogRows.ts"
import { describeWithServers, type OwnServer, ownServer } from "../support/Servers.ts"

class RabbitMq extends Context.Service<RabbitMq, OwnServer>()("test/RabbitMq") {
  static readonly layer = Layer.effect(RabbitMq, ownServer("rabbitmq"))
}

const layerBroker = Layer.unwrap(
  Effect.map(RabbitMq, ({ url }) => AmqpBroker.layer({ url: Redacted.make(url), name: "faults" }))
)

const target = { queue: QueueName.make("default"), type: JobTypeName.make("demo.noop") }
const hint = (): Hint => ({ ...target, jobs: [{ jobId: freshJobId(), dispatchCount: 1 }], traceparent: undefined })
const idsOf = (hints: ReadonlyArray<Hint>) => hints.flatMap(({ jobs }) => jobs.map(({ jobId }) => jobId))

const rowOf = (id: number): SpineMessage => ({
  row: logRow({ id, at: 1_800_000_000_000, events: [logEvent({ type: "created", at: 1_800_000_000_000 })] }),
  previous: { xid: BigInt(id - 1), id: BigInt(id - 1) }
})

/** What a stream brings, in a queue to be looked into. */
const collect = <A>(stream: Stream.Stream<A>) =>
  Effect.gen(function*() {
    const seen = yield* Queue.unbounded<A>()
    yield* stream.pipe(Stream.runForEach((one) => Queue.offer(seen, one)), Effect.forkScoped)
    return seen
  })

const consume = Effect.flatMap(Broker, (broker) => collect(broker.hints({ ...target, prefetch: 100 })))

const untilDelivered = (seen: Queue.Queue<HintDelivery>, wanted: Hint) =>
  Effect.repeat(Effect.tap(Queue.take(seen), ({ ack }) => ack), {
    until: (delivery) => idsOf([delivery.hint])[0] === idsOf([wanted])[0]
  })

/** Sends again until it is sent: what a dispatcher does. */
const sendUntilSent = (one: Hint) =>
  Effect.gen(function*() {
    const { unsent } = yield* (yield* Broker).sendHints([one])
    if (unsent.length > 0) return yield* Effect.fail("not sent")
  }).pipe(Effect.retry(Schedule.spaced("100 millis")))

const untilConnected = Effect.flatMap(
  Broker,
  ({ health }) => Effect.repeat(health, { until: ({ connected }) => connected, schedule: Schedule.spaced("50 millis") })
)

/** A server's command line tool, with the surroundings that the server was started in. */
const rabbitmqctl = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
  const pid = yield* (yield* RabbitMq).pid
  yield* Effect.promise(async () => {
    const environment = (await readFile(`/proc/${pid}/environ`, "utf8")).split("\0").flatMap((line) => {
      const [name = "", ...value] = line.split("=")
      return name === "" ? [] : [[name, value.join("=")]]
    })
    await promisify(execFile)("/usr/lib/rabbitmq/bin/rabbitmqctl", args, { env: Object.fromEntries(environment) })
  })
})

const elapsedSeconds = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const startedAt = performance.now()
    const exit = yield* Effect.exit(effect)
    return { exit, seconds: (performance.now() - startedAt) / 1_000 }
  })

describeWithServers(["rabbitmq"], "a broker in trouble", () => {
  layer(Layer.provideMerge(layerBroker, RabbitMq.layer), { excludeTestServices: true, timeout: "90 seconds" })((it) => {
    it.effect("delivers what was confirmed before the broker was killed", () =>
      Effect.gen(function*() {
        const server = yield* RabbitMq
        const broker = yield* Broker
        yield* untilConnected
        yield* sendUntilSent(hint())
        yield* broker.sendLog([rowOf(1)])
        yield* Effect.sleep("5 seconds") // RabbitMQ 3.10 can break a quorum queue that it has only just made
        const seen = yield* consume
        const rows = yield* collect(broker.archiveFeed(10))
        const hints = Array.from({ length: 50 }, hint)
        const { unsent } = yield* broker.sendHints(hints)
        yield* broker.sendLog([rowOf(2)])

        yield* server.crash
        const refusal = yield* Effect.flip(broker.sendHints([hint()]))
        const health = yield* broker.health
        yield* server.start

        assert.deepStrictEqual(unsent, [])
        assert.strictEqual(refusal.reason, "unavailable")
        assert.isFalse(health.connected)
        const missing = new Set(idsOf(hints))
        yield* Effect.repeat(Effect.tap(Queue.take(seen), ({ ack }) => ack), {
          until: (delivery) => {
            for (const id of idsOf([delivery.hint])) missing.delete(id)
            return missing.size === 0
          }
        })
        yield* Effect.repeat(Queue.take(rows), {
          until: ({ message }) => message.row.position.id === 2n
        })
      }), 120_000)

    it.effect("gives up on a broker that does not answer, and finds it when it does", () =>
      Effect.gen(function*() {
        const server = yield* RabbitMq
        const broker = yield* Broker
        yield* untilConnected
        const seen = yield* consume
        yield* sendUntilSent(hint())
        const lost = hint()

        yield* server.freeze
        const first = yield* elapsedSeconds(broker.sendHints([lost]))
        const second = yield* elapsedSeconds(broker.sendHints([lost]))
        const counted = yield* elapsedSeconds(broker.ready(target.queue, target.type))
        yield* server.thaw

        assert.deepStrictEqual(first.exit, Exit.succeed({ unsent: [lost], madeAnew: [] }))
        assert.isTrue(Exit.isFailure(second.exit) && Exit.isFailure(counted.exit))
        assert.isBelow(first.seconds, 12)
        assert.isBelow(second.seconds + counted.seconds, 12)
        const next = hint()
        yield* sendUntilSent(next)
        yield* untilDelivered(seen, next)
      }), 120_000)

    it.effect(
      "goes on consuming while the broker is too full to take messages, and says so",
      () =>
        Effect.gen(function*() {
          const broker = yield* Broker
          yield* untilConnected
          const waiting = hint()
          yield* sendUntilSent(waiting)

          yield* rabbitmqctl("set_vm_memory_high_watermark", "absolute", "1MB")
          const first = yield* elapsedSeconds(broker.sendHints([hint()]))
          const second = yield* elapsedSeconds(Effect.flip(broker.sendHints([hint()])))
          const health = yield* broker.health
          yield* untilDelivered(yield* consume, waiting)
          yield* rabbitmqctl("set_vm_memory_high_watermark", "absolute", "8GB")
          const next = hint()
          yield* sendUntilSent(next)

          assert.isTrue(Exit.isFailure(first.exit) || first.exit.value.unsent.length === 1)
          assert.isBelow(first.seconds, 12)
          assert.isTrue(Exit.isSuccess(second.exit) && second.exit.value.reason === "unavailable")
          assert.isBelow(second.seconds, 1)
          assert.isFalse(health.connected)
          assert.include(health.detail, "low on memory")
          assert.deepStrictEqual(yield* untilConnected, { connected: true, detail: undefined })
        }),
      120_000
    )

    it.effect("closes within seconds though the broker does not answer", () =>
      Effect.gen(function*() {
        const server = yield* RabbitMq
        const scope = yield* Scope.make()
        const broker = yield* Layer.buildWithScope(Layer.fresh(layerBroker), scope).pipe(
          Effect.map(Context.get(Broker))
        )
        yield* Effect.provideService(untilConnected, Broker, broker)
        yield* Effect.provideService(consume, Broker, broker)

        yield* server.freeze
        const { seconds } = yield* elapsedSeconds(Scope.close(scope, Exit.void))
        yield* server.thaw

        assert.isBelow(seconds, 5)
      }), 120_000)

    it.effect("starts without a broker and finds it when it comes", () =>
      Effect.gen(function*() {
        const server = yield* RabbitMq
        yield* server.stop
        const context = yield* Layer.build(Layer.fresh(layerBroker))
        const broker = Context.get(context, Broker)

        const refusal = yield* elapsedSeconds(Effect.flip(broker.sendHints([hint()])))
        const health = yield* broker.health
        yield* server.start
        const one = hint()
        yield* Effect.provideService(sendUntilSent(one), Broker, broker)

        assert.isTrue(Exit.isSuccess(refusal.exit) && refusal.exit.value.reason === "unavailable")
        assert.isBelow(refusal.seconds, 3)
        assert.isFalse(health.connected)
        assert.include(health.detail, "ECONNREFUSED")
        yield* untilDelivered(yield* Effect.provideService(consume, Broker, broker), one)
      }), 120_000)
  })
}, { own: true })
