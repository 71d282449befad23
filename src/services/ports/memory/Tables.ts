/** The tables behind the stores in memory, with the indexes that the operations need. */
import type { Role } from "#domain/Access.ts"
import type { AlertView } from "#domain/Alert.ts"
import {
  type AttemptError,
  defaultQueue,
  type JobId,
  type JobTypeName,
  type Progress,
  type QueueName
} from "#domain/Job.ts"
import type { LogRow } from "#domain/JobEvent.ts"
import type { JobState, JobStatus } from "#domain/JobStatus.ts"
import type { JobTypeDescription } from "#domain/JobType.ts"
import type { AttemptState } from "#domain/JobView.ts"
import { type Position, start } from "#domain/Position.ts"
import type { WorkerId, WorkerState } from "#domain/Worker.ts"
import type { UndecodableMessage } from "../Broker.ts"
import type { AuditEntry } from "../JobQueries.ts"
import type { NewJob } from "../JobStore.ts"
import { Heap } from "./Heap.ts"

export interface AttemptRow {
  readonly attempt: number
  readonly token: string
  readonly worker: WorkerId
  readonly startedAt: number
  state: AttemptState
  finishedAt: number | undefined
  error: AttemptError | undefined
  /** JSON text. */
  result: string | undefined
  /** A settlement came too late for it, and its history says so. */
  isRefused: boolean
}

/** A job whole. Only `Transaction.move` writes `state`. */
export interface JobRow {
  readonly job: NewJob
  readonly createdAt: number
  state: JobState
  /** Raised by every move: an index entry made before it is stale. */
  version: number
  runAt: number
  rank: number
  attempt: number
  failures: number
  deadline: number | undefined
  token: string | undefined
  owner: WorkerId | undefined
  attemptDeadline: number | undefined
  cancelRequestedAt: number | undefined
  dispatchedAt: number | undefined
  dispatchCount: number
  seq: number
  progress: Progress | undefined
  updatedAt: number
  finishedAt: number | undefined
  readonly attempts: Array<AttemptRow>
}

export interface QueueRow {
  readonly name: QueueName
  paused: boolean
  pausedAt: number | undefined
  pausedBy: string | undefined
  readonly types: Map<JobTypeName, TypeRows>
  readonly queuedByDue: Heap<JobRow>
}

export type CounterKey = JobState | "accepted" | "claims" | "pruned"

/** The jobs of one queue and type, as dispatch needs them. */
export interface TypeRows {
  readonly queuedByRank: Heap<JobRow>
  /** In the order of their hand-over. */
  readonly dispatched: Set<JobRow>
  readonly counters: Record<CounterKey, number>
}

export interface KeyRow {
  readonly jobId: JobId
  readonly bodyHash: string
  readonly status: JobStatus
  readonly expiresAt: number
}

export interface WorkerRow {
  readonly id: WorkerId
  readonly name: string
  readonly host: string
  readonly pid: number
  readonly version: string
  readonly slots: number
  readonly queues: ReadonlyArray<QueueName> | undefined
  readonly types: ReadonlyArray<JobTypeName>
  readonly startedAt: number
  state: WorkerState
  lastHeartbeatAt: number
  leaseUntil: number
}

export interface TokenRow {
  readonly name: string
  readonly role: Role
  readonly hash: string
  readonly createdAt: number
  revokedAt: number | undefined
}

/** Undecodable messages that are kept: the newest. */
export const undecodableKept = 1_000

export class Tables {
  readonly jobs = new Map<JobId, JobRow>()
  /** Ids of all jobs, ascending. */
  readonly ids: Array<JobId> = []
  readonly keys = new Map<string, KeyRow>()
  readonly queues = new Map<QueueName, QueueRow>()
  /** Scheduled and retrying jobs by the time at which they are due. */
  readonly due = new Heap<JobRow>()
  readonly deadlines = new Heap<JobRow>()
  readonly running = new Set<JobRow>()
  readonly runningOf = new Map<WorkerId, Set<JobRow>>()
  readonly workers = new Map<WorkerId, WorkerRow>()
  readonly types = new Map<JobTypeName, JobTypeDescription>()
  /** In order of position. */
  log: Array<LogRow> = []
  readonly logOfJob = new Map<JobId, Array<LogRow>>()
  readonly relay: { holder: string | undefined; leaseUntil: number; cursor: Position } = {
    holder: undefined,
    leaseUntil: Number.NEGATIVE_INFINITY,
    cursor: start
  }
  readonly audit: Array<AuditEntry> = []
  readonly tokens = new Map<string, TokenRow>()
  readonly alerts = new Map<string, AlertView>()
  undecodable: Array<UndecodableMessage> = []
  /** Counter rows written since they were last folded. */
  unfolded = 0
  lastXid = 0n
  lastLogId = 0n

  constructor() {
    this.queue(defaultQueue)
  }

  queue(name: QueueName): QueueRow {
    const found = this.queues.get(name)
    if (found !== undefined) return found
    const made: QueueRow = {
      name,
      paused: false,
      pausedAt: undefined,
      pausedBy: undefined,
      types: new Map(),
      queuedByDue: new Heap()
    }
    this.queues.set(name, made)
    return made
  }

  typeOf(queue: QueueName, type: JobTypeName): TypeRows {
    const { types } = this.queue(queue)
    const found = types.get(type)
    if (found !== undefined) return found
    const made: TypeRows = {
      queuedByRank: new Heap(),
      dispatched: new Set(),
      counters: {
        scheduled: 0,
        queued: 0,
        dispatched: 0,
        running: 0,
        retrying: 0,
        completed: 0,
        dead: 0,
        cancelled: 0,
        accepted: 0,
        claims: 0,
        pruned: 0
      }
    }
    types.set(type, made)
    return made
  }

  /** Workers whose lease no reaper has ended, that take from this queue. */
  liveWorkersOf(queue: QueueName): ReadonlyArray<WorkerRow> {
    return [...this.workers.values()].filter((worker) =>
      worker.state === "live" && (worker.queues === undefined || worker.queues.includes(queue))
    )
  }
}

export const queuesByName = ({ queues }: Tables): ReadonlyArray<QueueRow> =>
  [...queues.values()].toSorted((a, b) => a.name < b.name ? -1 : 1)

export const counterOf = (queue: QueueRow, key: CounterKey): number => {
  let sum = 0
  for (const { counters } of queue.types.values()) sum += counters[key]
  return sum
}
