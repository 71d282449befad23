import type { JobId } from "#domain/Job.ts"
import type { JobFilter, JobSort } from "#domain/JobFilter.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { JobStore, type NewJob } from "#services/ports/JobStore.ts"
import type { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, type Layer, Option } from "effect"
import {
  accept,
  completed,
  failed,
  fresh,
  freshQueue,
  freshType,
  newJob,
  oneOfEach,
  operator,
  run,
  settle,
  startWorker
} from "../support/Seed.ts"

const hour = 60 * 60 * 1000

/** What every implementation of JobQueries must answer. Each test has queues and types of its own. */
export const jobQueriesBehave = <E>(
  name: string,
  implementation: Layer.Layer<JobQueries | JobStore | WorkerStore, E>
) =>
  layer(implementation, { excludeTestServices: true })(`JobQueries: ${name}`, (it) => {
    const find = Effect.fnUntraced(function*(
      filter: JobFilter,
      page: { readonly sort?: JobSort; readonly after?: JobId | undefined; readonly limit?: number } = {}
    ) {
      const queries = yield* JobQueries
      return yield* queries.find({ filter, sort: page.sort ?? "newest", after: page.after, limit: page.limit ?? 100 })
    })
    const idsOf = (filter: JobFilter) => Effect.map(find(filter), ({ value }) => value.jobs.map(({ id }) => id))
    const get = Effect.fnUntraced(function*(jobId: JobId) {
      const queries = yield* JobQueries
      return Option.getOrThrow(yield* queries.get(jobId))
    })
    const ids = (jobs: ReadonlyArray<NewJob>) => jobs.map(({ id }) => id)

    it.effect("shows what a job is, in the words of the wire", () =>
      Effect.gen(function*() {
        const job = newJob({
          payload: "{\"to\":\"ann\",\"n\":[1,null]}",
          priority: 7,
          tags: ["blue", "big"],
          correlationId: "order-1",
          traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          timeoutMillis: 1_500,
          deadline: 1_900_000_000_123
        })
        yield* accept(job)

        const view = yield* get(job.id)

        assert.deepStrictEqual(view, {
          id: job.id,
          type: job.type,
          queue: job.queue,
          status: "queued",
          priority: 7,
          attempt: 0,
          failures: 0,
          maxAttempts: job.maxAttempts,
          tags: ["blue", "big"],
          correlationId: "order-1",
          runAt: view.runAt,
          createdAt: view.createdAt,
          updatedAt: view.updatedAt,
          finishedAt: null,
          cancelRequestedAt: null,
          worker: null,
          progress: null,
          payload: { to: "ann", n: [1, null] },
          result: null,
          lastError: null,
          backoff: job.backoff,
          timeoutMillis: 1_500,
          deadline: "2030-03-17T17:46:40.123Z",
          idempotencyKey: null,
          traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          sequence: 1,
          attempts: []
        })
        for (const instant of [view.runAt, view.createdAt, view.updatedAt]) {
          assert.strictEqual(new Date(instant).toISOString(), instant)
          assert.approximately(Date.parse(instant), Date.now(), 60_000)
        }
        const { value: { jobs: [summary] } } = yield* find({ queues: [job.queue] })
        assert.strictEqual(summary?.id, job.id)
        assert.deepStrictEqual({ ...view, ...summary }, view)
      }))

    it.effect("shows attempts in order with worker and error, the last error and the result", () =>
      Effect.gen(function*() {
        const store = yield* JobStore
        const job = newJob()
        const workerName = fresh("worker")
        const worker = yield* startWorker({ name: workerName, types: [job.type] })
        yield* accept(job)
        yield* settle(yield* run(worker, job), failed("first"))
        yield* store.replay(job.id, operator)
        yield* settle(yield* run(worker, job), failed("second"))
        yield* store.replay(job.id, operator)
        const claimed = yield* run(worker, job)
        const running = yield* get(job.id)
        yield* settle(claimed, completed({ answer: 42 }))

        const view = yield* get(job.id)

        assert.strictEqual(running.worker, workerName)
        assert.strictEqual(view.worker, null)
        assert.strictEqual(view.status, "completed")
        assert.isNotNull(view.finishedAt)
        assert.deepStrictEqual(view.result, { answer: 42 })
        assert.strictEqual(view.lastError?.message, "second")
        assert.deepStrictEqual(
          view.attempts.map(({ attempt, error, state, worker }) => [attempt, state, worker, error?.message]),
          [[1, "failed", workerName, "first"], [2, "failed", workerName, "second"], [
            3,
            "completed",
            workerName,
            undefined
          ]]
        )
        assert.isTrue(view.attempts.every(({ finishedAt, startedAt }) => startedAt <= (finishedAt ?? "")))
      }))

    it.effect("has no answer for a job that is not there", () =>
      Effect.gen(function*() {
        const queries = yield* JobQueries

        assert.isTrue(Option.isNone(yield* queries.get(newJob().id)))
        assert.deepStrictEqual((yield* find({ queues: [freshQueue()] })).value, {
          jobs: [],
          next: undefined,
          partial: false
        })
      }))

    it.effect("finds jobs by status; what is handed to the broker is queued", () =>
      Effect.gen(function*() {
        const { all, queue } = yield* oneOfEach
        const { dispatched, queued, ...others } = all

        for (const status of ["scheduled", "running", "retrying", "completed", "dead", "cancelled"] as const) {
          const { value: { jobs } } = yield* find({ queues: [queue], statuses: [status] })
          assert.deepStrictEqual(jobs.map((job) => [job.id, job.status]), [[others[status].id, status]])
        }
        assert.sameMembers([...yield* idsOf({ queues: [queue], statuses: ["queued"] })], [queued.id, dispatched.id])
        assert.deepStrictEqual(
          yield* idsOf({ queues: [queue], statuses: ["completed", "dead", "running"] }),
          ids([all.running, all.completed, all.dead]).toReversed()
        )
      }))

    it.effect("finds jobs by type, queue, tags, correlation id and idempotency key, together and apart", () =>
      Effect.gen(function*() {
        const [queue, elsewhere, type, other, tag, rare] = [
          freshQueue(),
          freshQueue(),
          freshType(),
          freshType(),
          fresh("tag"),
          fresh("tag")
        ]
        const correlationId = fresh("order")
        const key = fresh("key")
        const idempotency = { scope: fresh("scope"), key, bodyHash: "0".repeat(64), ttlMillis: hour }
        const [one, two, three, four] = [
          newJob({ queue, type, tags: [tag] }),
          newJob({ queue, type: other, tags: [tag, rare], correlationId }),
          newJob({ queue: elsewhere, type, tags: [rare], idempotency }),
          newJob({ queue: elsewhere, type: other, correlationId })
        ]
        yield* accept(one, two, three, four)

        const found = (filter: JobFilter) => Effect.map(idsOf(filter), (found) => found.toReversed())
        assert.deepStrictEqual(yield* found({ types: [type] }), ids([one, three]))
        assert.deepStrictEqual(yield* found({ types: [type, other] }), ids([one, two, three, four]))
        assert.deepStrictEqual(yield* found({ queues: [queue] }), ids([one, two]))
        assert.deepStrictEqual(yield* found({ queues: [queue, elsewhere], types: [other] }), ids([two, four]))
        assert.deepStrictEqual(yield* found({ tags: [tag] }), ids([one, two]))
        assert.deepStrictEqual(yield* found({ tags: [tag, rare] }), ids([two]))
        assert.deepStrictEqual(yield* found({ tags: [rare], queues: [elsewhere] }), ids([three]))
        assert.deepStrictEqual(yield* found({ correlationId }), ids([two, four]))
        assert.deepStrictEqual(yield* found({ correlationId, queues: [queue], tags: [tag] }), ids([two]))
        assert.deepStrictEqual(yield* found({ idempotencyKey: key }), ids([three]))
        assert.deepStrictEqual(yield* found({ idempotencyKey: key, correlationId }), [])
        assert.deepStrictEqual(yield* found({ types: [type], statuses: ["completed"] }), [])
        assert.deepStrictEqual(
          yield* found({ types: [type], queues: [queue], tags: [tag], statuses: ["queued", "dead"] }),
          ids([one])
        )
      }))

    it.effect("finds jobs by the time at which they were stored", () =>
      Effect.gen(function*() {
        const queue = freshQueue()
        const first = newJob({ queue })
        yield* accept(first)
        const createdAt = Date.parse((yield* get(first.id)).createdAt)
        let second = newJob({ queue })
        yield* accept(second)
        while (Date.parse((yield* get(second.id)).createdAt) === createdAt) {
          yield* Effect.sleep(2)
          second = newJob({ queue: freshQueue(), tags: [queue] })
          yield* accept(second)
        }
        const later = Date.parse((yield* get(second.id)).createdAt)

        assert.include(yield* idsOf({ types: [first.type], createdAfter: createdAt, createdBefore: later }), first.id)
        assert.deepStrictEqual(yield* idsOf({ types: [first.type], createdAfter: later }), [])
        assert.deepStrictEqual(yield* idsOf({ types: [first.type], createdBefore: createdAt }), [])
        assert.deepStrictEqual(yield* idsOf({ types: [second.type], createdAfter: later }), [second.id])
        assert.deepStrictEqual(yield* idsOf({ types: [second.type], createdBefore: later }), [])
        assert.deepStrictEqual(yield* idsOf({ queues: [queue], createdAfter: later + hour }), [])
      }))

    it.effect("pages through in both orders: every job once, also while others are added", () =>
      Effect.gen(function*() {
        const queue = freshQueue()
        const [type, tag] = [freshType(), fresh("tag")]
        const jobs = Array.from({ length: 11 }, () => newJob({ queue, type, tags: [tag] }))
        yield* accept(...jobs)

        for (
          const filter of [{ queues: [queue] }, { types: [type] }, { tags: [tag] }, { queues: [queue], tags: [tag] }]
        ) {
          for (const sort of ["newest", "oldest"] as const) {
            const seen: Array<JobId> = []
            let after: JobId | undefined
            do {
              const { value } = yield* find(filter, { sort, after, limit: 4 })
              assert.isFalse(value.partial)
              assert.isAtMost(value.jobs.length, 4)
              seen.push(...value.jobs.map(({ id }) => id))
              after = value.next
              if (sort === "newest") yield* accept(newJob({ queue, tags: [fresh("tag")] }))
            } while (after !== undefined)
            const wanted = new Set(ids(jobs))
            assert.deepStrictEqual(
              seen.filter((id) => wanted.has(id)),
              sort === "newest" ? ids(jobs).toReversed() : ids(jobs)
            )
            assert.strictEqual(new Set(seen).size, seen.length)
          }
        }
      }))

    it.effect("ends a page that is exactly full without promising another", () =>
      Effect.gen(function*() {
        const queue = freshQueue()
        yield* accept(newJob({ queue }), newJob({ queue }))

        const { value } = yield* find({ queues: [queue] }, { limit: 2 })

        assert.strictEqual(value.jobs.length, 2)
        assert.isUndefined(value.next)
      }))
  })
