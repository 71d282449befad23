/** What goes wrong between a consumer and a quorum queue, made to happen on a real broker. */
import { ask, makeConnection } from "#infra/amqp/Amqp.ts"
import { deliveries } from "#infra/amqp/Consumer.ts"
import { assert, it } from "@effect/vitest"
import { type Channel, connect } from "amqplib"
import { Deferred, Effect, Queue, Redacted, Schedule, Stream } from "effect"
import { amqpProxy, basicConsume } from "../../support/AmqpProxy.ts"
import { describeWithServers, freshVhost } from "../../support/Servers.ts"

const quorum = { durable: true, arguments: { "x-queue-type": "quorum" } }

/** A channel of somebody else. */
const stranger = (url: string) =>
  Effect.map(
    Effect.acquireRelease(Effect.promise(() => connect(url)), (open) => Effect.promise(() => open.close())),
    (open) => Effect.promise(() => open.createChannel())
  )

describeWithServers(["rabbitmq"], "Consumer", () => {
  it.live("gets what is sent to a queue that was deleted and made again before it could notice", () =>
    Effect.gen(function*() {
      const { url } = yield* freshVhost
      const connection = yield* makeConnection(Redacted.make(url), "test")
      const channel: Channel = yield* yield* stranger(url)
      const seen = yield* Queue.unbounded<string>()
      yield* deliveries(connection, {
        prefetch: 10,
        renewIdleAfterMillis: 500,
        queue: ({ model }) =>
          Effect.promise(async () => {
            const own = await model.createChannel()
            await own.assertQueue("brief", quorum)
            await own.close()
            return "brief"
          }),
        decode: ({ content }, ack) => ({ text: content.toString(), ack })
      }).pipe(Stream.runForEach(({ ack, text }) => Effect.andThen(ack, Queue.offer(seen, text))), Effect.forkScoped)
      const say = (text: string) => Effect.sync(() => channel.sendToQueue("brief", Buffer.from(text)))
      yield* Effect.promise(() => channel.assertQueue("brief", quorum))
      yield* say("before")
      assert.strictEqual(yield* Queue.take(seen), "before")

      yield* Effect.promise(() => channel.deleteQueue("brief"))
      yield* Effect.promise(() => channel.assertQueue("brief", quorum))
      yield* say("after")

      assert.strictEqual(yield* Queue.take(seen), "after")
    }))

  it.live("keeps its channel while something is unacknowledged, however long nothing else comes", () =>
    Effect.gen(function*() {
      const { url } = yield* freshVhost
      const connection = yield* makeConnection(Redacted.make(url), "test")
      const channel: Channel = yield* yield* stranger(url)
      yield* Effect.promise(() => channel.assertQueue("slow", quorum))
      channel.sendToQueue("slow", Buffer.from("work"))
      const renewals = yield* Queue.unbounded<void>()
      const first = yield* Deferred.make<{ readonly redelivered: boolean; readonly ack: Effect.Effect<void> }>()
      const seen: Array<boolean> = []
      yield* deliveries(connection, {
        prefetch: 10,
        renewIdleAfterMillis: 50,
        queue: () => Effect.as(Queue.offer(renewals, undefined), "slow"),
        decode: ({ fields }, ack) => ({ redelivered: fields.redelivered, ack })
      }).pipe(
        Stream.runForEach((delivery) => {
          seen.push(delivery.redelivered)
          return Deferred.succeed(first, delivery)
        }),
        Effect.forkScoped
      )
      const delivery = yield* Deferred.await(first)
      yield* Queue.clear(renewals)

      yield* Effect.sleep("500 millis") // ten times what an idle consumer is given
      assert.strictEqual(yield* Queue.size(renewals), 0)
      yield* delivery.ack
      yield* Queue.take(renewals)

      assert.deepStrictEqual(seen, [false])
    }))

  it.live("makes a queue anew that leaves its consumer without an answer, and spares the others on the connection", () =>
    Effect.gen(function*() {
      const { url } = yield* freshVhost
      const proxy = yield* amqpProxy(url)
      const connection = yield* makeConnection(Redacted.make(proxy.url), "test")
      const channel: Channel = yield* yield* stranger(url)
      yield* Effect.promise(() => channel.assertQueue("well", quorum))
      yield* Effect.promise(() => channel.assertQueue("broken", quorum))
      channel.sendToQueue("broken", Buffer.from("lost"))
      const consume = (name: string) =>
        Effect.gen(function*() {
          const seen = yield* Queue.unbounded<string>()
          yield* deliveries(connection, {
            prefetch: 10,
            queue: (live) =>
              ask(`declare ${name}`, async () => {
                const own = await live.model.createChannel()
                await own.assertQueue(name, quorum)
                await own.close()
                return name
              }),
            decode: ({ content }) => content.toString()
          }).pipe(Stream.runForEach((text) => Queue.offer(seen, text)), Effect.forkScoped)
          return seen
        })
      const well = yield* consume("well")
      channel.sendToQueue("well", Buffer.from("one"))
      assert.strictEqual(yield* Queue.take(well), "one")

      yield* proxy.swallow(basicConsume, "broken")
      const broken = yield* consume("broken")
      yield* Effect.promise(() => channel.assertQueue("broken", quorum)).pipe(
        Effect.repeat({ until: ({ messageCount }) => messageCount === 0, schedule: Schedule.spaced("200 millis") })
      )
      yield* proxy.pass
      channel.sendToQueue("broken", Buffer.from("after"))
      channel.sendToQueue("well", Buffer.from("two"))

      assert.strictEqual(yield* Queue.take(broken), "after")
      assert.strictEqual(yield* Queue.take(well), "two")
    }))
})
