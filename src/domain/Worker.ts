/**
 * A worker incarnation: one start of one processor, and its lease.
 *
 * All jobs that an incarnation runs hang on its one lease. Only the reaper ends a lease; its commit is the moment from
 * which the jobs may run elsewhere.
 */
import { Schema } from "effect"
import { JobTypeName, QueueName } from "./Job.ts"

export const WorkerId = Schema.String.check(Schema.isUUID()).pipe(Schema.brand("WorkerId")).annotate({
  identifier: "WorkerId"
})
export type WorkerId = typeof WorkerId.Type

/** How far in the future a heartbeat puts the end of the lease. */
export const leaseMillis = 5_000
/** Three beats and a half fit into a lease. */
export const heartbeatMillis = 1_500
/** Heartbeats stop when the main event loop has not turned for this long: a hung worker must lose its jobs. */
export const hungMainLoopMillis = 30_000
/** A worker compares what it runs with what the truth says it runs this often. */
export const reconcileMillis = 10_000
/** After this much past `attempt_deadline` the server ends an attempt whose worker did not. */
export const overdueGraceMillis = 60_000

/** A worker that ended is shown for this long, and then forgotten. */
export const endedWorkerMillis = 3_600_000

export const WorkerState = Schema.Literals(["live", "stopped", "expired"])
export type WorkerState = typeof WorkerState.Type

export const WorkerView = Schema.Struct({
  id: WorkerId,
  name: Schema.String,
  host: Schema.String,
  pid: Schema.Int,
  state: WorkerState,
  slots: Schema.Int,
  /** Jobs that it runs, as PostgreSQL knows. */
  running: Schema.Int,
  types: Schema.Array(JobTypeName),
  /** Null: all queues. */
  queues: Schema.NullOr(Schema.Array(QueueName)),
  startedAt: Schema.String,
  lastHeartbeatAt: Schema.String,
  leaseUntil: Schema.String,
  version: Schema.String
}).annotate({ identifier: "Worker" })
export type WorkerView = typeof WorkerView.Type
