import { JobQueries } from "#services/ports/JobQueries.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import {
  accept,
  completed,
  dispatch,
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
import { until } from "../support/until.ts"

const hour = 60 * 60 * 1000

/** What every implementation of JobQueries must answer about the whole: totals, queues, workers, audit log. */
export const jobOverviewBehaves = <E>(
  name: string,
  implementation: Layer.Layer<JobQueries | JobStore | WorkerStore, E>
) =>
  layer(implementation, { excludeTestServices: true })(`JobQueries, the whole: ${name}`, (it) => {
    const queueNamed = Effect.fnUntraced(function*(queue: string) {
      const queries = yield* JobQueries
      const { value } = yield* queries.queues
      return value.find((one) => one.name === queue)
    })

    it.effect("counts jobs in total and by queue, and adds up", () =>
      Effect.gen(function*() {
        const queries = yield* JobQueries
        const before = (yield* queries.totals).value
        const { queue } = yield* oneOfEach
        const after = (yield* queries.totals).value
        const view = yield* queueNamed(queue)

        const each = { scheduled: 1, queued: 2, running: 1, retrying: 1, completed: 1, dead: 1, cancelled: 1 }
        assert.deepStrictEqual(view?.counts, each)
        assert.strictEqual(view?.dispatched, 1)
        assert.strictEqual(after.accepted - before.accepted, 8)
        assert.strictEqual(
          after.accepted,
          after.pruned + Object.values(after.counts).reduce((sum, count) => sum + count, 0)
        )
        assert.strictEqual(after.counts.completed - before.counts.completed, 1)
      }))

    it.effect("says of a queue whether it is paused, by whom, and since when", () =>
      Effect.gen(function*() {
        const store = yield* JobStore
        const job = newJob()
        yield* accept(job)

        const before = yield* queueNamed(job.queue)
        yield* store.pause(job.queue, operator)
        const paused = yield* queueNamed(job.queue)

        assert.deepInclude(before, { paused: false, pausedAt: null, pausedBy: null })
        assert.deepInclude(paused, { paused: true, pausedBy: operator.name })
        assert.approximately(Date.parse(paused?.pausedAt ?? ""), Date.now(), 60_000)
      }))

    it.effect("says how long the oldest queued job has waited, also behind others and with the broker", () =>
      Effect.gen(function*() {
        const old = newJob({ priority: 0 })
        const { queue, type } = old
        const oldest = Effect.map(queueNamed(queue), (view) => view?.oldestQueuedMillis ?? 0)
        yield* accept(old)
        const waited = yield* until(oldest, (millis) => millis > 10)
        yield* accept(newJob({ queue, type, priority: 9 }), newJob({ queue, runAt: Date.now() + hour }))

        const behindOthers = yield* oldest
        yield* dispatch(old)
        const withTheBroker = yield* oldest
        const nothing = newJob({ runAt: Date.now() + hour })
        yield* accept(nothing)

        assert.isBelow(waited, 60_000)
        assert.isAtLeast(behindOthers, waited)
        assert.isAtLeast(withTheBroker, behindOthers)
        assert.isNull((yield* queueNamed(nothing.queue))?.oldestQueuedMillis)
      }))

    it.effect("names the slots of a queue's live workers, and the waiting types that nobody takes", () =>
      Effect.gen(function*() {
        const workers = yield* WorkerStore
        const queue = freshQueue()
        const [served, stranded, finished] = [freshType(), freshType(), freshType()]
        const done = newJob({ queue, type: finished })
        yield* accept(newJob({ queue, type: served }), newJob({ queue, type: stranded }), done)
        const worker = yield* startWorker({ queues: [queue], types: [served, finished], slots: 3 })
        const elsewhere = yield* startWorker({ queues: [freshQueue()], types: [stranded], slots: 100 })
        const base = yield* queueNamed(queue)
        yield* settle(yield* run(worker, done), completed())
        yield* workers.retire(worker)
        yield* workers.retire(elsewhere)
        const left = yield* queueNamed(queue)

        assert.deepStrictEqual(base?.typesWithoutWorker, [stranded])
        assert.strictEqual((base?.liveSlots ?? 0) - (left?.liveSlots ?? 0), 3)
        assert.deepStrictEqual(left?.typesWithoutWorker, [served, stranded].toSorted())
      }))

    it.effect("shows a queue that has had no job yet with nothing in it", () =>
      Effect.gen(function*() {
        const queue = freshQueue()
        yield* startWorker({ queues: [queue], types: [freshType()], slots: 3 })

        const view = yield* queueNamed(queue)

        const none = { scheduled: 0, queued: 0, running: 0, retrying: 0, completed: 0, dead: 0, cancelled: 0 }
        assert.deepInclude(view, { counts: none, dispatched: 0, oldestQueuedMillis: null, typesWithoutWorker: [] })
        assert.isAtLeast(view?.liveSlots ?? 0, 3)
      }))

    it.effect("lists workers with what they run, live and lately ended", () =>
      Effect.gen(function*() {
        const queries = yield* JobQueries
        const workers = yield* WorkerStore
        const jobs = [newJob(), newJob()]
        const types = jobs.map(({ type }) => type)
        const queues = jobs.map(({ queue }) => queue)
        const workerName = fresh("worker")
        const busy = yield* startWorker({ name: workerName, types, queues, slots: 2 })
        const gone = yield* startWorker({ types })
        yield* accept(...jobs)
        yield* Effect.forEach(jobs, (job) => run(busy, job), { discard: true })
        yield* workers.retire(gone)

        const { value } = yield* queries.workers
        const view = value.find(({ id }) => id === busy)

        assert.deepInclude(view, {
          id: busy,
          name: workerName,
          host: "test",
          pid: process.pid,
          version: "0.0.0",
          state: "live",
          slots: 2,
          running: 2,
          queues
        })
        assert.sameMembers([...view?.types ?? []], types)
        assert.isAbove(Date.parse(view?.leaseUntil ?? ""), Date.parse(view?.lastHeartbeatAt ?? ""))
        assert.deepInclude(value.find(({ id }) => id === gone), { state: "stopped", running: 0, queues: null })
      }))

    it.effect("reads the audit log backwards, page by page", () =>
      Effect.gen(function*() {
        const queries = yield* JobQueries
        const store = yield* JobStore
        const job = newJob()
        yield* accept(job)
        yield* store.pause(job.queue, operator)
        yield* store.resume(job.queue, operator)
        yield* store.cancel(job.id, operator)

        const { value: newest } = yield* queries.audit(undefined, 2)
        const { value: older } = yield* queries.audit(newest.at(-1)?.id, 1)

        const entries = [...newest, ...older]
        assert.strictEqual(entries.length, 3)
        assert.deepStrictEqual(entries.map(({ subject }) => subject.includes(job.id)), [true, false, false])
        assert.isTrue(entries.every(({ actor, at }) => actor === operator.name && new Date(at).toISOString() === at))
        assert.deepStrictEqual((yield* queries.audit("0", 10)).value, [])
        assert.deepStrictEqual((yield* queries.audit("nonsense", 10)).value, [])
      }))

    it.effect("tells with each answer when it was read, by the clock of the store", () =>
      Effect.gen(function*() {
        const queries = yield* JobQueries
        const nothing = yield* queries.find({ filter: {}, sort: "newest", after: undefined, limit: 1 })
        const answers = [nothing, yield* queries.totals, yield* queries.queues, yield* queries.workers]
        const times = [...answers.map(({ readAt }) => readAt), (yield* queries.audit(undefined, 1)).readAt]

        assert.isTrue(times.every((time, index) => Number.isInteger(time) && time >= (times[index - 1] ?? 0)))
        assert.approximately(times[0] ?? 0, Date.now(), 60_000)
        yield* queries.ping
      }))
  })
