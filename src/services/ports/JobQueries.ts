/** What is asked of the truth by people: never a full count, never an offset, always a row budget. */
import type { JobId } from "#domain/Job.ts"
import type { JobFilter, JobSort } from "#domain/JobFilter.ts"
import type { JobSummary, JobView } from "#domain/JobView.ts"
import type { QueueView, StateCounts } from "#domain/Queue.ts"
import type { WorkerView } from "#domain/Worker.ts"
import { Context, type Effect, type Option } from "effect"
import type { StoreError } from "./StoreError.ts"

export interface JobPage {
  readonly jobs: ReadonlyArray<JobSummary>
  /** Where to go on; undefined at the end. */
  readonly next: JobId | undefined
  /** True when the row budget ended the page before it was full. */
  readonly partial: boolean
}

export interface Totals {
  readonly accepted: number
  readonly counts: StateCounts
  readonly pruned: number
}

/** An entry of the audit log: who did what to what. */
export interface AuditEntry {
  readonly id: string
  readonly at: string
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly detail: Record<string, unknown>
}

/** Each answer comes with the store's clock at reading, in milliseconds since 1970. */
export interface Read<A> {
  readonly value: A
  readonly readAt: number
}

/** Queues or workers that one answer shows. A queue is made by its first job, so a client's mistake can make many. */
export const overviewLimit = 1_000

export class JobQueries extends Context.Service<JobQueries, {
  readonly find: (request: {
    readonly filter: JobFilter
    readonly sort: JobSort
    readonly after: JobId | undefined
    readonly limit: number
  }) => Effect.Effect<Read<JobPage>, StoreError>
  readonly get: (jobId: JobId) => Effect.Effect<Option.Option<JobView>, StoreError>
  readonly totals: Effect.Effect<Read<Totals>, StoreError>
  /** By name; at most `overviewLimit`. */
  readonly queues: Effect.Effect<Read<ReadonlyArray<QueueView>>, StoreError>
  /** Live workers, and those that ended within the last hour; at most `overviewLimit`. */
  readonly workers: Effect.Effect<Read<ReadonlyArray<WorkerView>>, StoreError>
  /** Newest first, before the entry with this id. */
  readonly audit: (
    before: string | undefined,
    limit: number
  ) => Effect.Effect<Read<ReadonlyArray<AuditEntry>>, StoreError>
  readonly ping: Effect.Effect<void, StoreError>
}>()("odto/services/JobQueries") {}
