/**
 * The event log in the store of truth, read in its one closed order (rules 20 to 23).
 *
 * A row is closed when its transaction is older than every transaction still running; only closed rows are ever read,
 * so a reader that goes on from its last position misses nothing.
 */
import type { JobId } from "#domain/Job.ts"
import type { LogRow } from "#domain/JobEvent.ts"
import type { Position } from "#domain/Position.ts"
import { Context, type Effect, type Option } from "effect"
import type { StoreError } from "./StoreError.ts"

/** Leadership of the relay: a row with a lease, and the cursor in it. */
export interface RelayLease {
  readonly epoch: number
  readonly cursor: Position
}

export interface LogHead {
  readonly epoch: number
  /** Last closed position. */
  readonly closed: Position
  /** Oldest row still kept; undefined when the log is empty. */
  readonly oldest: Position | undefined
  /** Cursor of the relay. */
  readonly relayed: Position
  /** Age of the oldest closed row that is not yet relayed, in milliseconds; 0 when none. */
  readonly relayLagMillis: number
}

/** A row without its events. */
export type LogPlace = Pick<LogRow, "epoch" | "position" | "at">

export class EventLog extends Context.Service<EventLog, {
  /** Becomes or stays the relay for `leaseMillis`; none while another holder's lease is live. */
  readonly lead: (holder: string, leaseMillis: number) => Effect.Effect<Option.Option<RelayLease>, StoreError>
  /** Moves the cursor; false when another has become leader or moved it. */
  readonly advance: (holder: string, from: Position, to: Position) => Effect.Effect<boolean, StoreError>
  /** Closed rows after the position, in order, at most `limit`. */
  readonly after: (position: Position, limit: number) => Effect.Effect<ReadonlyArray<LogRow>, StoreError>
  /** As `after`, without reading the events: for checking. */
  readonly placesAfter: (position: Position, limit: number) => Effect.Effect<ReadonlyArray<LogPlace>, StoreError>
  /** Rows by their ids, in order of position; for ranges that the archive misses. */
  readonly byIds: (ids: ReadonlyArray<bigint>) => Effect.Effect<ReadonlyArray<LogRow>, StoreError>
  /** Newest closed rows first, before the position (from the end when undefined). */
  readonly before: (position: Position | undefined, limit: number) => Effect.Effect<ReadonlyArray<LogRow>, StoreError>
  /** When the oldest closed row was written that was written after this instant; undefined when there is none. */
  readonly oldestSince: (atMillis: number) => Effect.Effect<number | undefined, StoreError>
  /** Rows that hold events of the job. Indexed only where the log is the archive (embedded). */
  readonly ofJob: (jobId: JobId) => Effect.Effect<ReadonlyArray<LogRow>, StoreError>
  readonly head: Effect.Effect<LogHead, StoreError>
  /** Deletes rows older than `horizonMillis`, up to `verified` (everything before it is in the archive). Answers how many. */
  readonly prune: (verified: Position, horizonMillis: number, limit: number) => Effect.Effect<number, StoreError>
}>()("odto/services/EventLog") {}
