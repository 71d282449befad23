/**
 * Workers, their leases and the job types that they brought (rules 14 to 16 of the protocol).
 *
 * The lease is one row per worker incarnation. A renewal succeeds as long as no reaper has ended the lease, even when
 * its time is over.
 */
import type { JobId, QueueName } from "#domain/Job.ts"
import type { JobTypeDescription } from "#domain/JobType.ts"
import type { WorkerId } from "#domain/Worker.ts"
import { Context, type Effect } from "effect"
import type { StoreError } from "./StoreError.ts"

export interface WorkerRegistration {
  readonly id: WorkerId
  /** `<program>/<host>-<pid>`. */
  readonly name: string
  readonly host: string
  readonly pid: number
  readonly version: string
  readonly slots: number
  /** Undefined: all queues. */
  readonly queues: ReadonlyArray<QueueName> | undefined
  readonly types: ReadonlyArray<JobTypeDescription>
  /**
   * Whether these descriptions replace those of types that are known. True for the first incarnation of a process only:
   * the process that started last describes a type, and an older one that comes back after it lost its lease does not.
   * Default: true.
   */
  readonly updateTypes?: boolean
}

export interface Heartbeat {
  /** False: a reaper has ended this incarnation; all its jobs may be running elsewhere. */
  readonly live: boolean
  /** Jobs of this worker whose cancellation was asked for. */
  readonly cancel: ReadonlyArray<JobId>
  /** The store's clock in milliseconds since 1970. */
  readonly storeTime: number
}

/** What one pass of the reaper did. */
export interface Reaped {
  readonly expiredWorkers: number
  readonly retrying: number
  readonly dead: number
  readonly cancelled: number
}

export class WorkerStore extends Context.Service<WorkerStore, {
  /** Adds the incarnation with a fresh lease, and the types that are not known; see `updateTypes` for those that are. */
  readonly register: (registration: WorkerRegistration) => Effect.Effect<void, StoreError>
  readonly heartbeat: (worker: WorkerId) => Effect.Effect<Heartbeat, StoreError>
  /** The worker has drained: its lease ends in peace. */
  readonly retire: (worker: WorkerId) => Effect.Effect<void, StoreError>
  /** What the truth says this worker runs. */
  readonly runningOf: (
    worker: WorkerId
  ) => Effect.Effect<
    ReadonlyArray<{ readonly jobId: JobId; readonly token: string; readonly attempt: number }>,
    StoreError
  >
  /**
   * Ends leases that have run out, then takes back every running job whose owner is not live: to retrying (at once),
   * dead (failures exhausted) or cancelled (was asked for). `overdue` attempts, a minute past their deadline, likewise.
   * `everyone` ends all leases whatever their time: at the start of the embedded system no worker can be alive.
   * At most `limit` jobs in one call.
   */
  readonly reap: (request: { readonly everyone: boolean; readonly limit: number }) => Effect.Effect<Reaped, StoreError>
  /** Every type that was ever registered. */
  readonly types: Effect.Effect<ReadonlyArray<JobTypeDescription>, StoreError>
  /** Names of all queues. */
  readonly queueNames: Effect.Effect<ReadonlyArray<QueueName>, StoreError>
}>()("odto/services/WorkerStore") {}
