/**
 * Accepts submissions: checks them against their types, fills in the defaults, and commits them.
 *
 * Requests that arrive together share one transaction (group commit). Nothing is answered before its commit. Ids are
 * made before the first try, so that after a broken connection the same batch is simply sent again: what already
 * carries our id is our own work.
 */
import type { Actor } from "#domain/Access.ts"
import { defaultIdempotencyTtlMillis, defaultPriority, defaultQueue, JobId, type SubmitJob } from "#domain/Job.ts"
import { canonicalJson, isTooDeep, maxJsonDepth } from "#domain/Json.ts"
import { Context, Effect, Layer, Schedule } from "effect"
import * as Batcher from "../Batcher.ts"
import { stageMillis } from "../Pace.ts"
import { Ids } from "../ports/Ids.ts"
import { type Accepted, JobStore, type NewJob } from "../ports/JobStore.ts"
import { Metrics } from "../ports/Metrics.ts"
import type { SchemaMisfit } from "../ports/PayloadSchemas.ts"
import { Signals } from "../ports/Signals.ts"
import type { StoreError } from "../ports/StoreError.ts"
import { JobTypes, type KnownType } from "./JobTypes.ts"

export interface Submission {
  readonly job: SubmitJob
  /** W3C trace context that the job's attempts continue. */
  readonly traceparent: string | undefined
}

export type IntakeAnswer =
  | Accepted
  | { readonly _tag: "UnknownType"; readonly type: string }
  | { readonly _tag: "InvalidPayload"; readonly issues: ReadonlyArray<SchemaMisfit> }

/** Jobs in one transaction: past this the commit costs little per job, and the wait for it grows. */
const maxGroup = 500
/** Jobs that may wait for their transaction; past it clients are told to come back. */
const maxWaiting = 50_000
/** Characters of all payloads whose commit is awaited: a store that stalls must not fill the memory with large ones. */
const maxPayloads = 128 * 1024 * 1024
/** Past this, workers find new queues by their sweep. */
const maxKnownQueues = 10_000
/** Transactions at a time: one commits while the next one is written. */
const concurrency = 2
/** A store that is away is tried again for about two seconds, then the client is told. */
const retryPolicy = Schedule.exponential("50 millis").pipe(Schedule.upTo({ times: 5 }))

export class Intake extends Context.Service<Intake, {
  /** Answers in the order of the submissions; each is accepted or refused by itself. */
  readonly submit: (
    submissions: ReadonlyArray<Submission>,
    actor: Actor
  ) => Effect.Effect<ReadonlyArray<IntakeAnswer>, StoreError | Batcher.Overloaded>
}>()("odto/services/Intake") {
  static readonly layer = Layer.effect(
    Intake,
    Effect.gen(function*() {
      const store = yield* JobStore
      const types = yield* JobTypes
      const ids = yield* Ids
      const signals = yield* Signals
      const metrics = yield* Metrics

      /** Queues that workers were told of. */
      const knownQueues = new Set<string>()

      const commit = Effect.fnUntraced(function*(jobs: ReadonlyArray<NewJob>) {
        metrics.observe("odto_batch_size", { operation: "accept" }, jobs.length)
        /** A try whose outcome is unknown may have stored the jobs, however the later ones end. */
        let unknown: StoreError | undefined
        const answers = yield* store.accept(jobs).pipe(
          Effect.tapError((error) =>
            Effect.sync(() => {
              if (error.reason === "outcome-unknown") unknown = error
            })
          ),
          Effect.retry({ schedule: retryPolicy, while: (error) => error.isRetryable }),
          Effect.mapError((error) => unknown ?? error)
        )
        jobs.forEach((job, index) => {
          const answer = answers[index]
          if (answer?._tag === "Accepted") metrics.increment("odto_jobs_accepted_total", { queue: job.queue })
          else if (answer !== undefined && answer._tag !== "Replayed") {
            metrics.increment("odto_jobs_refused_total", { reason: answer._tag })
          }
        })
        for (const { queue } of jobs) {
          if (knownQueues.has(queue) || knownQueues.size >= maxKnownQueues) continue
          knownQueues.add(queue)
          yield* signals.send("queues")
        }
        yield* signals.send("due")
        yield* signals.send("log")
        return answers
      })
      const batcher = yield* Batcher.make({
        what: "submissions",
        maxBatch: maxGroup,
        maxWaiting,
        weigh: ({ payload }) => payload.length,
        maxWeight: maxPayloads,
        concurrency,
        paceMillis: stageMillis,
        run: commit
      })

      const prepare = ({ job, traceparent }: Submission, type: KnownType | undefined, actor: Actor) => {
        if (type === undefined) return { _tag: "UnknownType" as const, type: job.type }
        const payload = job.payload ?? {}
        if (isTooDeep(payload)) {
          const message = `arrays and objects are more than ${maxJsonDepth} levels deep`
          return { _tag: "InvalidPayload" as const, issues: [{ path: "", message }] }
        }
        const issues = type.check(payload)
        if (issues.length > 0) return { _tag: "InvalidPayload" as const, issues }
        const queue = job.queue ?? defaultQueue
        const { description } = type
        const newJob: NewJob = {
          id: JobId.make(ids.next(), { disableChecks: true }),
          type: job.type,
          queue,
          payload: JSON.stringify(payload),
          priority: job.priority ?? defaultPriority,
          runAt: job.runAt?.epochMilliseconds,
          maxAttempts: job.maxAttempts ?? description.maxAttempts,
          backoff: job.backoff ?? description.backoff,
          timeoutMillis: job.timeoutMillis ?? description.timeoutMillis,
          deadline: job.deadline?.epochMilliseconds,
          tags: job.tags ?? [],
          correlationId: job.correlationId,
          traceparent,
          idempotency: job.idempotencyKey === undefined ? undefined : {
            scope: `${actor.name}/${queue}`,
            key: job.idempotencyKey,
            bodyHash: ids.sha256(canonicalJson({
              ...job,
              payload,
              runAt: job.runAt?.epochMilliseconds,
              deadline: job.deadline?.epochMilliseconds,
              idempotencyKey: undefined
            })),
            ttlMillis: job.idempotencyTtlMillis ?? defaultIdempotencyTtlMillis
          },
          submittedBy: actor.name
        }
        return newJob
      }

      return Intake.of({
        submit: Effect.fn("Intake.submit")(function*(submissions, actor) {
          const known = yield* types.find(new Set(submissions.map(({ job }) => job.type)))
          const prepared = submissions.map((submission): IntakeAnswer | NewJob =>
            prepare(submission, known.get(submission.job.type), actor)
          )
          const jobs = prepared.filter((item): item is NewJob => !("_tag" in item))
          const committed = yield* batcher.submit(jobs)
          let next = 0
          return prepared.map((item): IntakeAnswer => {
            if ("_tag" in item) {
              metrics.increment("odto_jobs_refused_total", { reason: item._tag })
              return item
            }
            return committed[next++] ?? { _tag: "Refused", detail: "the store gave no answer" }
          })
        })
      })
    })
  )
}
