/**
 * The truth about jobs: every transition, as one transaction each (rules 4 to 18 of the protocol, docs/protocol.md).
 *
 * All operations work on batches. A transition that no longer fits (wrong state, wrong token) is an answer, not an
 * error. Each operation that writes events commits durably before it answers; dispatch, hand-back and promotion write
 * no events and may be lost in a crash, which only repeats work. Operations are safe to repeat with the same arguments.
 */
import type { Actor } from "#domain/Access.ts"
import type { AttemptError, JobId, JobTypeName, Progress, QueueName } from "#domain/Job.ts"
import type { JobNotFound } from "#domain/Job.ts"
import type { JobStatus, WrongState } from "#domain/JobStatus.ts"
import type { Lane } from "#domain/Lane.ts"
import type { QueueInState, QueueNotFound } from "#domain/Queue.ts"
import type { BackoffPolicy } from "#domain/Retry.ts"
import type { WorkerId } from "#domain/Worker.ts"
import { Context, type Effect } from "effect"
import type { UndecodableMessage } from "./Broker.ts"
import type { StoreError } from "./StoreError.ts"

/** A validated submission with all defaults filled in. Instants are milliseconds since 1970. */
export interface NewJob {
  readonly id: JobId
  readonly type: JobTypeName
  readonly queue: QueueName
  /** JSON text of the payload, storable. */
  readonly payload: string
  readonly priority: number
  /** Absent: at once. */
  readonly runAt: number | undefined
  readonly maxAttempts: number
  readonly backoff: BackoffPolicy
  readonly timeoutMillis: number
  readonly deadline: number | undefined
  readonly tags: ReadonlyArray<string>
  readonly correlationId: string | undefined
  readonly traceparent: string | undefined
  readonly idempotency: IdempotencyClaim | undefined
  /** Name of the actor that submitted it. */
  readonly submittedBy: string
}

export interface IdempotencyClaim {
  /** Owner of the token and queue: `<owner>/<queue>`. */
  readonly scope: string
  readonly key: string
  /** SHA-256 of the canonical JSON of the submission, hex. */
  readonly bodyHash: string
  readonly ttlMillis: number
}

export type Accepted =
  /** Committed by this call, or by an earlier one with the same job id. */
  | { readonly _tag: "Accepted"; readonly jobId: JobId; readonly eventId: string; readonly status: JobStatus }
  /** The key was used before with the same body: the first answer. */
  | { readonly _tag: "Replayed"; readonly jobId: JobId; readonly eventId: string; readonly status: JobStatus }
  /** The key was used before with another body. */
  | { readonly _tag: "KeyConflict"; readonly jobId: JobId }
  /** The store refuses a value of this job; its neighbours are not affected. */
  | { readonly _tag: "Refused"; readonly detail: string }

/** A job handed to the broker: "try to claim this id". `dispatchCount` tells this hand-over from later ones. */
export interface Dispatched {
  readonly jobId: JobId
  readonly queue: QueueName
  readonly type: JobTypeName
  readonly dispatchCount: number
  /** W3C trace context that the job was submitted with. */
  readonly traceparent: string | undefined
}

/** What the dispatcher must know of one queue to size its windows. */
export interface QueueLoad {
  readonly queue: QueueName
  readonly paused: boolean
  /** Of all types, also of those that no live worker serves. */
  readonly queued: number
  readonly dispatched: number
  /** What live workers serve. */
  readonly lanes: ReadonlyArray<Lane>
  /** Milliseconds since the oldest queued job was due; undefined when none waits. */
  readonly oldestQueuedMillis: number | undefined
}

export interface Claim {
  readonly jobId: JobId
  /** UUID made by the worker before the claim, so that a lost answer can be recognised. */
  readonly token: string
}

/** A claimed job: everything that its handler needs. */
export interface ClaimedJob {
  readonly jobId: JobId
  readonly token: string
  readonly type: JobTypeName
  readonly queue: QueueName
  readonly payload: unknown
  /** Claims so far, this one included. */
  readonly attempt: number
  readonly failures: number
  readonly maxAttempts: number
  readonly backoff: BackoffPolicy
  readonly timeoutMillis: number
  /** Milliseconds from now until the deadline over all attempts, by the store's clock. */
  readonly deadlineInMillis: number | undefined
  readonly tags: ReadonlyArray<string>
  readonly correlationId: string | undefined
  readonly traceparent: string | undefined
  /** Milliseconds from due to claimed. */
  readonly waitMillis: number
}

/** How a running attempt ends; made by `decideNext`. */
export interface Settlement {
  readonly jobId: JobId
  readonly token: string
  readonly attempt: number
  readonly runMillis: number
  readonly traceparent: string | undefined
  readonly correlationId: string | undefined
  readonly next:
    | { readonly _tag: "complete"; /** JSON text, storable. */ readonly result: string }
    | { readonly _tag: "retry"; readonly error: AttemptError; readonly delayMillis: number }
    | { readonly _tag: "die"; readonly error: AttemptError; readonly reason: string }
    | { readonly _tag: "cancel" }
    | { readonly _tag: "release" }
}

export interface Settled {
  readonly jobId: JobId
  readonly token: string
  /**
   * `committed`: by this call or an earlier identical one. `refused`: the lease was lost; the refusal is in the job's
   * history. `invalid`: the store refuses a value of it; settle it again as a failure.
   */
  readonly answer: "committed" | "refused" | "invalid"
}

export type CancelAnswer =
  /** Was waiting; is cancelled. */
  | { readonly _tag: "Cancelled"; readonly eventId: string }
  /**
   * Is running; its handler will be told. The first outcome to commit wins. Asked again nothing is written, and the event
   * is the job's latest.
   */
  | { readonly _tag: "Requested"; readonly eventId: string; readonly worker: WorkerId }

export class JobStore extends Context.Service<JobStore, {
  /**
   * Stores the jobs with their idempotency keys, counters and events in one transaction, and answers in the order of
   * the jobs. Of equal keys within the batch the first wins.
   */
  readonly accept: (jobs: ReadonlyArray<NewJob>) => Effect.Effect<ReadonlyArray<Accepted>, StoreError>
  /** Loads of all queues. */
  readonly loads: Effect.Effect<ReadonlyArray<QueueLoad>, StoreError>
  /** Makes up to `limit` due jobs (scheduled, retrying) queued; answers how many and milliseconds until the next one is due. */
  readonly promote: (
    limit: number
  ) => Effect.Effect<{ readonly promoted: number; readonly nextDueInMillis: number | undefined }, StoreError>
  /**
   * Hands the best-ranked queued jobs of these types to the caller, at most `limit` and as many as their window has room
   * for: what is handed over of other types does not count. Answers nothing when the queue is paused or another dispatcher works on it.
   */
  readonly dispatch: (request: {
    readonly queue: QueueName
    readonly types: ReadonlyArray<JobTypeName>
    readonly window: number
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<Dispatched>, StoreError>
  /** Takes hints back that could not be sent or not be started; only where the hand-over is still the same. Answers how many. */
  readonly handBack: (
    hints: ReadonlyArray<{ readonly jobId: JobId; readonly dispatchCount: number }>
  ) => Effect.Effect<number, StoreError>
  /**
   * Hints of one queue and type to be sent again, `dispatchCount` raised, at most `limit`. `lost`: the broker's queue is
   * empty or new, so every one dispatched `olderThanMillis` ago or more. `overtaken`: those that a job dispatched 5 s
   * later has overtaken. Always those that waited 60 s × 2^dispatchCount, at most 32 minutes.
   */
  readonly resend: (request: {
    readonly queue: QueueName
    readonly type: JobTypeName
    readonly lost: boolean
    readonly olderThanMillis: number
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<Dispatched>, StoreError>
  /** All dispatched jobs (of types that no live worker takes, or all) become queued again. Answers how many. */
  readonly recall: (which: "without-worker" | "all") => Effect.Effect<number, StoreError>
  /** Waiting jobs whose deadline has passed become dead. Answers how many. */
  readonly endDeadlines: (limit: number) => Effect.Effect<number, StoreError>
  /** Moves counter deltas into counters. Answers how many rows were folded. */
  readonly foldCounters: Effect.Effect<number, StoreError>
  /**
   * Deletes what nothing needs any more: idempotency keys past their time, and workers that ended more than an hour
   * ago and own no running job (attempts show their ids from then on). At most `limit` of each; answers how many rows.
   * Fewer than `limit`: none are left.
   */
  readonly forgetExpired: (limit: number) => Effect.Effect<number, StoreError>

  /** Dispatched jobs become running under this worker's lease. What is missing in the answer was not to be had. */
  readonly claim: (
    worker: WorkerId,
    claims: ReadonlyArray<Claim>
  ) => Effect.Effect<ReadonlyArray<ClaimedJob>, StoreError>
  /** Records progress of running jobs; ignored where the token is no longer the current one. */
  readonly progress: (
    reports: ReadonlyArray<{ readonly jobId: JobId; readonly token: string; readonly progress: Progress }>
  ) => Effect.Effect<void, StoreError>
  /** Ends attempts, answers in the order of the settlements. A job may appear once in a batch. */
  readonly settle: (settlements: ReadonlyArray<Settlement>) => Effect.Effect<ReadonlyArray<Settled>, StoreError>

  readonly cancel: (jobId: JobId, actor: Actor) => Effect.Effect<CancelAnswer, JobNotFound | WrongState | StoreError>
  /** A dead job becomes queued with no failures against it. */
  readonly replay: (
    jobId: JobId,
    actor: Actor
  ) => Effect.Effect<{ readonly eventId: string }, JobNotFound | WrongState | StoreError>
  /** When this has committed no job of the queue starts. What waits goes back to PostgreSQL. Answers how many came back. */
  readonly pause: (
    queue: QueueName,
    actor: Actor
  ) => Effect.Effect<{ readonly recalled: number }, QueueNotFound | QueueInState | StoreError>
  /** Keeps messages that could not be decoded for people to look at; of many, the newest thousand. */
  readonly recordUndecodable: (messages: ReadonlyArray<UndecodableMessage>) => Effect.Effect<void, StoreError>
  readonly resume: (queue: QueueName, actor: Actor) => Effect.Effect<void, QueueNotFound | QueueInState | StoreError>
}>()("odto/services/JobStore") {}
