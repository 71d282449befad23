/**
 * Carries hints of work and the event spine. Never the only copy of anything.
 *
 * A hint says "try to claim these ids": lost, doubled, late and disordered hints are harmless. A message counts as sent
 * only when the broker has confirmed it and did not return it.
 */
import type { JobId, JobTypeName, QueueName } from "#domain/Job.ts"
import type { LogRow } from "#domain/JobEvent.ts"
import type { Position } from "#domain/Position.ts"
import { maxWindow } from "#domain/Queue.ts"
import { Context, type Effect, Schema, type Stream } from "effect"

/** A broker that has not confirmed a message by then is taken not to have it. */
export const confirmWithinMillis = 10_000

/**
 * Hints that a broker queue keeps; beyond it the oldest give way, which is harmless. The window fills a quarter; the
 * rest is for hints that are sent again.
 */
export const maxHintsPerQueue = 4 * maxWindow

/** Undecodable messages that wait for a reader; beyond it the oldest are forgotten. */
export const maxUndecodable = 1_000

export class BrokerError extends Schema.TaggedError<BrokerError>()("BrokerError", {
  operation: Schema.String,
  /**
   * `unavailable`: no connection. `refused`: the broker said no (nack). `unroutable`: returned, nobody would get it.
   * `timeout`: no confirm in time.
   */
  reason: Schema.Literals(["unavailable", "refused", "unroutable", "timeout"]),
  cause: Schema.Defect()
}) {
  override get message() {
    return `the broker could not ${this.operation}: ${this.reason}`
  }
}

/** One message to a broker queue `odto.jobs.<queue>.<type>`: ids that belong together only by having been sent together. */
export interface Hint {
  readonly queue: QueueName
  readonly type: JobTypeName
  readonly jobs: ReadonlyArray<{ readonly jobId: JobId; readonly dispatchCount: number }>
  /** Trace context of the first job that has one; travels as a header. */
  readonly traceparent: string | undefined
}

export interface HintDelivery {
  readonly hint: Hint
  readonly redelivered: boolean
  /** Tells the broker that the hint has been answered by the truth. Never fails: a lost ack is a repeated hint. */
  readonly ack: Effect.Effect<void>
}

/** A log row on the event spine, with the position before it, by which a reader finds holes. */
export interface SpineMessage {
  readonly row: LogRow
  readonly previous: Position
}

export interface SpineDelivery {
  readonly message: SpineMessage
  readonly redelivered: boolean
  readonly ack: Effect.Effect<void>
}

/** A message that could not be decoded, kept for people to look at. */
export interface UndecodableMessage {
  readonly source: string
  readonly reason: string
  /** First bytes of the body as text, storable. */
  readonly body: string
}

export interface BrokerHealth {
  readonly connected: boolean
  /** What was wrong when it last failed; undefined when nothing is known. */
  readonly detail: string | undefined
}

export class Broker extends Context.Service<Broker, {
  /**
   * Sends hints, declaring broker queues on the way. Answers the hints that were not sent (refused, returned, silent for
   * 10 s, cut off) and the broker queues that had to be made anew although this broker had made them before: their
   * earlier messages are gone. Fails when the broker cannot be reached; some may have been sent by then.
   */
  readonly sendHints: (hints: ReadonlyArray<Hint>) => Effect.Effect<{
    readonly unsent: ReadonlyArray<Hint>
    readonly madeAnew: ReadonlyArray<{ readonly queue: QueueName; readonly type: JobTypeName }>
  }, BrokerError>
  /**
   * Hints of one queue and type. Unacked hints come back when the stream ends or the connection breaks. The stream
   * survives loss of connection, of the channel and of the queue itself, with backoff; it ends only with its scope.
   */
  readonly hints: (request: {
    readonly queue: QueueName
    readonly type: JobTypeName
    readonly prefetch: number
  }) => Stream.Stream<HintDelivery>
  /** Messages ready in a broker queue; none when the queue does not exist. */
  readonly ready: (queue: QueueName, type: JobTypeName) => Effect.Effect<number | undefined, BrokerError>
  /**
   * Sends log rows to the event spine, in order. Succeeds when all are confirmed and have reached the archive's queue,
   * and only then shows them to the live feed. After a failure any part of them may have arrived: repeat the call.
   * `refused`: the archive's queue is full. `unroutable`: it was gone, and has been made anew.
   */
  readonly sendLog: (messages: ReadonlyArray<SpineMessage>) => Effect.Effect<void, BrokerError>
  /** Deliveries of the archive's durable queue; unacked ones come back and it survives, both like `hints`. */
  readonly archiveFeed: (prefetch: number) => Stream.Stream<SpineDelivery>
  /** The spine as it passes, for screens: own bounded queue, holes possible and found by `previous`. Survives like `hints`. */
  readonly liveFeed: Stream.Stream<SpineMessage>
  /**
   * Messages that could not be decoded, in this process, as they are met. They have been acked and are recorded by the
   * reader; each goes to one reader.
   */
  readonly undecodable: Stream.Stream<UndecodableMessage>
  readonly health: Effect.Effect<BrokerHealth>
}>()("odto/services/Broker") {}
