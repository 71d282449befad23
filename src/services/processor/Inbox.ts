/**
 * Hints that wait for a free slot. A delivery is acked when the truth has answered for the last of its ids.
 *
 * Bounded by the broker's prefetch and by the dispatch window; what waits too long is handed back.
 */
import type { JobId, QueueName } from "#domain/Job.ts"
import { Effect } from "effect"
import type { HintDelivery } from "../ports/Broker.ts"

export interface WaitingHint {
  readonly jobId: JobId
  readonly dispatchCount: number
  readonly queue: QueueName
  /** Monotonic milliseconds. */
  readonly arrivedAt: number
  readonly delivery: { unanswered: number; readonly ack: Effect.Effect<void> }
}

export class Inbox {
  #waiting: Array<WaitingHint> = []

  get size(): number {
    return this.#waiting.length
  }

  add(delivery: HintDelivery, now: number): void {
    const { hint } = delivery
    const shared = { unanswered: hint.jobs.length, ack: delivery.ack }
    for (const { dispatchCount, jobId } of hint.jobs) {
      this.#waiting.push({ jobId, dispatchCount, queue: hint.queue, arrivedAt: now, delivery: shared })
    }
  }

  /** The longest waiting first, as many as `limit` and as each queue has `room` for. */
  take(limit: number, room: (queue: QueueName) => number): ReadonlyArray<WaitingHint> {
    const taken: Array<WaitingHint> = []
    const left: Array<WaitingHint> = []
    const perQueue = new Map<QueueName, number>()
    for (const hint of this.#waiting) {
      const used = perQueue.get(hint.queue) ?? 0
      if (taken.length < limit && used < room(hint.queue)) {
        perQueue.set(hint.queue, used + 1)
        taken.push(hint)
      } else {
        left.push(hint)
      }
    }
    this.#waiting = left
    return taken
  }

  /** Those that arrived before this instant leave the inbox. */
  takeOlderThan(instant: number): ReadonlyArray<WaitingHint> {
    const old = this.#waiting.filter((hint) => hint.arrivedAt < instant)
    if (old.length > 0) this.#waiting = this.#waiting.filter((hint) => hint.arrivedAt >= instant)
    return old
  }

  /** Back to the front: they are not answered after all. */
  putBack(hints: ReadonlyArray<WaitingHint>): void {
    this.#waiting = [...hints, ...this.#waiting]
  }

  takeAll(): ReadonlyArray<WaitingHint> {
    const all = this.#waiting
    this.#waiting = []
    return all
  }
}

/** The truth has answered for these; acks deliveries that have no other ids open. */
export const answered = (hints: ReadonlyArray<WaitingHint>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const acks: Array<Effect.Effect<void>> = []
    for (const { delivery } of hints) {
      delivery.unanswered -= 1
      if (delivery.unanswered === 0) acks.push(delivery.ack)
    }
    return acks.length === 0 ? Effect.void : Effect.all(acks, { discard: true })
  })
