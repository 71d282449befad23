import { makeAcknowledger } from "#infra/amqp/Acknowledger.ts"
import { assert, describe, it } from "@effect/vitest"
import type { Message } from "amqplib"
import { Effect, Schema } from "effect"

const delivery = (deliveryTag: number): Message => ({
  content: Buffer.alloc(0),
  fields: { deliveryTag, redelivered: false, exchange: "", routingKey: "" },
  properties: {
    contentType: undefined,
    contentEncoding: undefined,
    headers: undefined,
    deliveryMode: undefined,
    priority: undefined,
    correlationId: undefined,
    replyTo: undefined,
    expiration: undefined,
    messageId: undefined,
    timestamp: undefined,
    type: undefined,
    userId: undefined,
    appId: undefined,
    clusterId: undefined
  }
})

/** A channel that keeps books as RabbitMQ does: a tag that it does not wait for is an error. */
const strictChannel = (delivered: number) => {
  const open = new Set(Array.from({ length: delivered }, (_, index) => index + 1))
  const frames: Array<readonly [number, boolean]> = []
  return {
    open,
    frames,
    ack: ({ fields: { deliveryTag } }: Message, allUpTo = false) => {
      if (!open.delete(deliveryTag)) throw new Error(`unknown delivery tag ${deliveryTag}`)
      if (allUpTo) { for (const tag of open) if (tag < deliveryTag) open.delete(tag) }
      frames.push([deliveryTag, allUpTo])
    }
  }
}

describe("Acknowledger", () => {
  it("says in one frame what was acknowledged in one turn", () => {
    const channel = strictChannel(5)
    const { ack, flush } = makeAcknowledger(channel)

    for (const tag of [2, 1, 4, 3]) ack(delivery(tag))
    flush()

    assert.deepStrictEqual(channel.frames, [[4, true]])
  })

  it("does not acknowledge what lies in a gap", () => {
    const channel = strictChannel(5)
    const { ack, flush, isDone } = makeAcknowledger(channel)

    for (const tag of [1, 3, 5]) ack(delivery(tag))
    flush()

    assert.deepStrictEqual(channel.frames, [[1, true], [3, false], [5, false]])
    assert.deepStrictEqual([...channel.open], [2, 4])
    assert.deepStrictEqual([isDone(1), isDone(2)], [true, false])
  })

  it("takes one acknowledgement of a delivery for granted, whenever it is repeated", () => {
    const channel = strictChannel(3)
    const { ack, flush } = makeAcknowledger(channel)

    for (const tag of [1, 1, 3]) ack(delivery(tag))
    flush()
    for (const tag of [1, 3, 2]) ack(delivery(tag))
    flush()
    flush()

    assert.deepStrictEqual(channel.frames, [[1, true], [3, false], [2, true]])
  })

  it("sends at the end of the turn by itself", () =>
    new Promise<void>((resolve) => {
      const { ack } = makeAcknowledger({ ack: () => resolve() })

      ack(delivery(1))
    }))

  it("survives a channel that is closed", () => {
    const { ack, flush } = makeAcknowledger({
      ack: () => {
        throw new Error("Channel closed")
      }
    })

    ack(delivery(1))
    flush()
  })

  it.effect.prop(
    "acknowledges exactly what it was asked to, in any order and rhythm",
    { order: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 }))) },
    ({ order }) =>
      Effect.sync(() => {
        const channel = strictChannel(12)
        const { ack, flush } = makeAcknowledger(channel)

        for (const [index, tag] of order.entries()) {
          ack(delivery(tag))
          if ((tag + index) % 3 === 0) flush()
        }
        flush()

        const asked = new Set(order)
        assert.deepStrictEqual([...channel.open].filter((tag) => asked.has(tag)), [])
        assert.strictEqual(channel.open.size, 12 - asked.size)
      })
  )
})
