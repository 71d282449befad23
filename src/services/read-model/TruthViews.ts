/** What the store of truth is asked by people, with source and age. Totals, queues and workers are read once for many screens. */
import type { AlertView } from "#domain/Alert.ts"
import type { Freshness } from "#domain/contract/Freshness.ts"
import { type JobId, JobNotFound } from "#domain/Job.ts"
import type { JobTypeDescription } from "#domain/JobType.ts"
import type { JobView } from "#domain/JobView.ts"
import type { QueueView } from "#domain/Queue.ts"
import type { WorkerView } from "#domain/Worker.ts"
import { Clock, Context, Effect, Layer } from "effect"
import { AlertStore } from "../ports/AlertStore.ts"
import { type AuditEntry, type JobPage, JobQueries, type Totals } from "../ports/JobQueries.ts"
import { WorkerStore } from "../ports/WorkerStore.ts"
import { answerOf, freshness, shared, type SourceDown, TruthName } from "./Reading.ts"

interface Fresh<A> {
  readonly value: A
  readonly freshness: Freshness
}
type Answer<A, E = never> = Effect.Effect<Fresh<A>, SourceDown | E>

export interface TypeInUse {
  readonly description: JobTypeDescription
  readonly liveWorkers: number
}

export class TruthViews extends Context.Service<TruthViews, {
  readonly find: (request: Parameters<JobQueries["Service"]["find"]>[0]) => Answer<JobPage>
  readonly get: (jobId: JobId) => Answer<JobView, JobNotFound>
  readonly totals: Answer<Totals>
  readonly queues: Answer<ReadonlyArray<QueueView>>
  readonly workers: Answer<ReadonlyArray<WorkerView>>
  readonly types: Answer<ReadonlyArray<TypeInUse>>
  readonly audit: (before: string | undefined, limit: number) => Answer<ReadonlyArray<AuditEntry>>
  readonly alerts: (limit: number) => Answer<ReadonlyArray<AlertView>>
}>()("odto/services/read-model/TruthViews") {
  static readonly layer = Layer.effect(
    TruthViews,
    Effect.gen(function*() {
      const queries = yield* JobQueries
      const workerStore = yield* WorkerStore
      const alertStore = yield* AlertStore
      const truth = yield* TruthName

      const now = <A, E extends { readonly message: string }>(read: Effect.Effect<A, E>) =>
        Effect.zipWith(answerOf(truth, read), Clock.currentTimeMillis, (value, at): Fresh<A> => ({
          value,
          freshness: freshness(truth, at, 0)
        }))
      const timed = <A, E extends { readonly message: string }>(
        read: Effect.Effect<{ readonly value: A; readonly readAt: number }, E>
      ) =>
        Effect.map(answerOf(truth, read), ({ readAt, value }): Fresh<A> => ({
          value,
          freshness: freshness(truth, readAt, 0)
        }))

      const workers = yield* shared(truth, queries.workers)
      return TruthViews.of({
        find: (request) => timed(queries.find(request)),
        get: (jobId) =>
          Effect.flatMap(now(queries.get(jobId)), ({ freshness, value }) =>
            value._tag === "Some"
              ? Effect.succeed({ value: value.value, freshness })
              : Effect.fail(new JobNotFound({ jobId }))),
        totals: yield* shared(truth, queries.totals),
        queues: yield* shared(truth, queries.queues),
        workers,
        types: Effect.zipWith(now(workerStore.types), workers, (types, live) => ({
          value: types.value.map((description): TypeInUse => ({
            description,
            liveWorkers: live.value.filter((worker) =>
              worker.state === "live" && worker.types.includes(description.name)
            ).length
          })),
          freshness: live.freshness
        })),
        audit: (before, limit) => timed(queries.audit(before, limit)),
        alerts: (limit) => now(alertStore.list(limit))
      })
    })
  )
}
