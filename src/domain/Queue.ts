/** Queues as people see them, and the size of the window that dispatch keeps full. */
import { Schema } from "effect"
import { QueueName } from "./Job.ts"

/** Jobs per state; every state is present. */
export const StateCounts = Schema.Struct({
  scheduled: Schema.Int,
  queued: Schema.Int,
  running: Schema.Int,
  retrying: Schema.Int,
  completed: Schema.Int,
  dead: Schema.Int,
  cancelled: Schema.Int
}).annotate({ identifier: "StateCounts" })
export type StateCounts = typeof StateCounts.Type

export const QueueView = Schema.Struct({
  name: QueueName,
  paused: Schema.Boolean,
  pausedAt: Schema.NullOr(Schema.String),
  pausedBy: Schema.NullOr(Schema.String),
  counts: StateCounts,
  /** Handed to the broker and not yet claimed. Part of `queued`. */
  dispatched: Schema.Int,
  /** Milliseconds that the oldest queued job has waited since it was due; null when none waits. */
  oldestQueuedMillis: Schema.NullOr(Schema.Int),
  /** Slots of live workers that take from this queue. */
  liveSlots: Schema.Int,
  /** Types with waiting jobs and no live worker. */
  typesWithoutWorker: Schema.Array(Schema.String)
}).annotate({ identifier: "Queue" })
export type QueueView = typeof QueueView.Type

/** No queue has more jobs than this handed to the broker at once. */
export const maxWindow = 5_000

/**
 * How many jobs of a queue may be handed to the broker and not yet claimed: half a second of work, at least two per
 * slot, so that workers never run dry and a newly submitted priority 9 waits behind half a second at most.
 */
export const windowOf = (claimsPerSecond: number, liveSlots: number): number =>
  Math.ceil(Math.min(maxWindow, Math.max(claimsPerSecond * 0.5, 2 * liveSlots)))

export class QueueNotFound extends Schema.TaggedError<QueueNotFound>()("QueueNotFound", { queue: Schema.String }) {
  override get message() {
    return `there is no queue ${this.queue}`
  }
}

/** A queue is already paused, or not paused. */
export class QueueInState extends Schema.TaggedError<QueueInState>()("QueueInState", {
  queue: Schema.String,
  paused: Schema.Boolean
}) {
  override get message() {
    return `queue ${this.queue} is ${this.paused ? "already paused" : "not paused"}`
  }
}
