/**
 * Acknowledges the deliveries of one channel once per turn of the event loop, in as few frames as possible: one for all
 * up to the first gap, and one for each beyond it.
 *
 * The broker closes a channel on which a delivery is acknowledged twice.
 */
import type { Channel, Message } from "amqplib"

export interface Acknowledger {
  /** Repeating it, or a channel that is closed, does no harm. */
  readonly ack: (delivery: Message) => void
  /** Whether nothing up to this delivery is left. */
  readonly isDone: (deliveryTag: number) => boolean
  /** Sends at once what has been acknowledged so far. */
  readonly flush: () => void
}

/** `channel` must have this one consumer only: its delivery tags then are 1, 2, 3 … */
export const makeAcknowledger = (channel: Pick<Channel, "ack">): Acknowledger => {
  /** All below are done. */
  let lowest = 1
  const asked = new Map<number, Message>()
  /** Told to the broker, though one below is not done. */
  const told = new Set<number>()
  let scheduled = false

  const flush = () => {
    scheduled = false
    let last: Message | undefined
    for (;; lowest++) {
      const next = asked.get(lowest)
      if (next === undefined && !told.delete(lowest)) break
      asked.delete(lowest)
      last = next ?? last
    }
    try {
      if (last !== undefined) channel.ack(last, true)
      for (const [deliveryTag, delivery] of asked) {
        channel.ack(delivery)
        told.add(deliveryTag)
      }
    } catch {
      // the channel is closed: the broker delivers again what it has not heard of
    }
    asked.clear()
  }

  return {
    flush,
    isDone: (deliveryTag) => lowest > deliveryTag,
    ack: (delivery) => {
      const { deliveryTag } = delivery.fields
      if (deliveryTag < lowest || told.has(deliveryTag)) return
      asked.set(deliveryTag, delivery)
      if (scheduled) return
      scheduled = true
      setImmediate(flush)
    }
  }
}
