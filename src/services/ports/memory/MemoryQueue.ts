/**
 * One queue of the in-process broker: first in, first out, dealt in turn to its consumers, each of which holds at most
 * its prefetch unacknowledged.
 *
 * Everything is synchronous. What a consumer has not acknowledged when it goes returns to the front, marked.
 */

export interface Delivered<A> {
  readonly body: A
  readonly redelivered: boolean
  /** Repeating it, or after the consumer has gone, does no harm. */
  readonly ack: () => void
}

export interface MemoryConsumer {
  readonly close: () => void
}

export interface MemoryQueue<A> {
  /** Bodies that wait for a consumer. */
  readonly ready: () => number
  /** What they weigh together. */
  readonly load: () => number
  readonly push: (body: A) => void
  readonly consumers: () => number
  /** Takes the oldest that waits, past all consumers. */
  readonly shift: () => A | undefined
  /** `voided`: what was delivered before and is not acknowledged comes again, or never. */
  readonly consume: (
    prefetch: number,
    deliver: (delivered: Delivered<A>) => void,
    voided: () => void
  ) => MemoryConsumer
  /** Forgets everything, delivered or not. */
  readonly clear: () => void
  /** Takes back what is unacknowledged and delivers nothing until `open`. */
  readonly close: () => void
  readonly open: () => void
}

interface Entry<A> {
  readonly body: A
  readonly redelivered: boolean
}

interface Consumer<A> {
  readonly prefetch: number
  readonly unacked: Set<Entry<A>>
  readonly deliver: (delivered: Delivered<A>) => void
  readonly voided: () => void
}

/** Taken entries are cleared out of the front of the array when there are this many of them. */
const compactAt = 1_024

export const makeMemoryQueue = <A>(weigh: (body: A) => number): MemoryQueue<A> => {
  let waiting: Array<Entry<A> | undefined> = []
  let front = 0
  let load = 0
  let isOpen = true
  const consumers: Array<Consumer<A>> = []
  let turn = 0

  const take = (): Entry<A> | undefined => {
    if (front === waiting.length) return undefined
    const entry = waiting[front]
    waiting[front++] = undefined
    if (entry !== undefined) load -= weigh(entry.body)
    if (front === waiting.length || (front >= compactAt && front * 2 > waiting.length)) {
      waiting = waiting.slice(front)
      front = 0
    }
    return entry
  }

  const nextWithRoom = (): Consumer<A> | undefined => {
    for (let tried = 0; tried < consumers.length; tried++) {
      const consumer = consumers[turn++ % consumers.length]
      if (consumer !== undefined && consumer.unacked.size < consumer.prefetch) return consumer
    }
    return undefined
  }

  const deal = () => {
    if (!isOpen) return
    while (front < waiting.length) {
      const consumer = nextWithRoom()
      if (consumer === undefined) return
      const entry = take()
      if (entry === undefined) return
      consumer.unacked.add(entry)
      consumer.deliver({
        body: entry.body,
        redelivered: entry.redelivered,
        ack: () => {
          if (consumer.unacked.delete(entry)) deal()
        }
      })
    }
  }

  const giveBack = (consumer: Consumer<A>) => {
    const back = [...consumer.unacked].map(({ body }) => ({ body, redelivered: true }))
    consumer.unacked.clear()
    consumer.voided()
    waiting = [...back, ...waiting.slice(front)]
    front = 0
    for (const { body } of back) load += weigh(body)
  }

  return {
    ready: () => waiting.length - front,
    load: () => load,
    push: (body) => {
      load += weigh(body)
      waiting.push({ body, redelivered: false })
      deal()
    },
    consumers: () => consumers.length,
    shift: () => take()?.body,
    consume: (prefetch, deliver, voided) => {
      const consumer: Consumer<A> = { prefetch, unacked: new Set(), deliver, voided }
      consumers.push(consumer)
      deal()
      return {
        close: () => {
          const index = consumers.indexOf(consumer)
          if (index >= 0) consumers.splice(index, 1)
          giveBack(consumer)
          deal()
        }
      }
    },
    clear: () => {
      for (const consumer of consumers) giveBack(consumer)
      waiting = []
      front = 0
      load = 0
    },
    close: () => {
      isOpen = false
      for (const consumer of consumers) giveBack(consumer)
    },
    open: () => {
      isOpen = true
      deal()
    }
  }
}
