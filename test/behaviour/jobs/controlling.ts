import { defaultQueue } from "#domain/Job.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import {
  accept,
  completed,
  dispatch,
  failed,
  freshQueue,
  freshType,
  newJob,
  oneOfEach,
  operator,
  run,
  settle,
  startWorker
} from "../../support/Seed.ts"
import { until } from "../../support/until.ts"
import { historyOf, jobOf, minute, type Options, second, storeNow, type Stores, told } from "./Truth.ts"

const auditOf = Effect.fnUntraced(function*(subject: string) {
  const queries = yield* JobQueries
  const { value } = yield* queries.audit(undefined, 1_000)
  return value.filter((entry) => entry.subject === subject).map(({ action, actor }) => `${actor} ${action}`)
})

export const controlling = <R>(it: Vitest.MethodsNonLive<Stores | R>, { elapse }: Options<R>) => {
  it.effect("cancels a job at once in every state in which it waits", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { all } = yield* oneOfEach
      for (const { id } of [all.scheduled, all.queued, all.dispatched, all.retrying]) {
        const before = (yield* historyOf(id)).length

        const answer = yield* store.cancel(id, operator)

        assert.deepStrictEqual(answer, { _tag: "Cancelled", eventId: `${id}:${before + 1}` })
        assert.strictEqual((yield* jobOf(id)).status, "cancelled")
        const events = yield* historyOf(id)
        assert.deepStrictEqual(told(events).at(-1), `${before + 1} cancelled waiting>cancelled`)
        assert.deepStrictEqual(events.at(-1)?.data, { actor: operator.name })
        assert.deepStrictEqual(yield* auditOf(id), [`${operator.name} cancel`])
      }
    }))

  it.effect("asks for the cancellation of a running job, and its worker hears of it", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const workers = yield* WorkerStore
      const job = newJob()
      yield* accept(job)
      const worker = yield* startWorker({ types: [job.type] })
      yield* run(worker, job)

      const before = yield* workers.heartbeat(worker)
      const answer = yield* store.cancel(job.id, operator)
      const after = yield* workers.heartbeat(worker)

      assert.deepStrictEqual(answer, { _tag: "Requested", eventId: `${job.id}:4`, worker })
      assert.deepStrictEqual([before.cancel, after.cancel], [[], [job.id]])
      assert.strictEqual((yield* jobOf(job.id)).status, "running")
      assert.deepStrictEqual(told(yield* historyOf(job.id)).at(-1), "4 cancel-requested running>running")
      assert.deepStrictEqual(yield* auditOf(job.id), [`${operator.name} cancel`])
    }))

  it.effect("asks once for the cancellation of a running job, however often it is told to", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const job = newJob()
      yield* accept(job)
      const worker = yield* startWorker({ types: [job.type] })
      const attempt = yield* run(worker, job)
      yield* store.cancel(job.id, operator)

      const again = yield* store.cancel(job.id, { ...operator, name: "otto" })
      yield* store.progress([{ ...attempt, progress: { percent: 50 } }])
      const later = yield* store.cancel(job.id, operator)

      assert.deepStrictEqual([again, later], [
        { _tag: "Requested", eventId: `${job.id}:4`, worker },
        { _tag: "Requested", eventId: `${job.id}:5`, worker }
      ])
      assert.deepStrictEqual(told(yield* historyOf(job.id)).slice(3), [
        "4 cancel-requested running>running",
        "5 progressed running>running"
      ])
      assert.deepStrictEqual(yield* auditOf(job.id), [`${operator.name} cancel`])
    }))

  it.effect("says which state does not fit, or that there is no such job", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { all } = yield* oneOfEach
      const answers = {
        cancel: (id: typeof all.queued.id) => Effect.flip(store.cancel(id, operator)),
        replay: (id: typeof all.queued.id) => Effect.flip(store.replay(id, operator))
      }

      const unfit = [
        yield* answers.cancel(all.completed.id),
        yield* answers.cancel(all.dead.id),
        yield* answers.cancel(all.cancelled.id),
        yield* answers.replay(all.dispatched.id),
        yield* answers.replay(all.running.id)
      ]
      const unknown = newJob().id

      assert.deepStrictEqual(
        unfit.map((error) => error._tag === "WrongState" ? `${error.action} ${error.status}` : error._tag),
        ["cancel completed", "cancel dead", "cancel cancelled", "replay queued", "replay running"]
      )
      assert.deepStrictEqual((yield* answers.cancel(unknown))._tag, "JobNotFound")
      assert.deepStrictEqual((yield* answers.replay(unknown))._tag, "JobNotFound")
      assert.deepStrictEqual(yield* auditOf(all.completed.id), [])
    }))

  it.effect("replays a dead job with no failures against it, and never counts an attempt again", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const job = newJob({ maxAttempts: 1, deadline: (yield* storeNow) + minute })
      yield* accept(job)
      const worker = yield* startWorker({ types: [job.type] })
      yield* settle(yield* run(worker, job), failed("no good"))
      yield* elapse(2 * minute)

      const { eventId } = yield* store.replay(job.id, operator)

      const view = yield* jobOf(job.id)
      assert.deepStrictEqual([view.status, view.failures, view.attempt, view.finishedAt], ["queued", 0, 1, null])
      assert.strictEqual(eventId, `${job.id}:6`)
      assert.deepStrictEqual(told(yield* historyOf(job.id)).at(-1), "6 replayed dead>waiting")
      assert.deepStrictEqual(yield* auditOf(job.id), [`${operator.name} replay`])
      const again = yield* run(worker, job)
      assert.deepStrictEqual([again.attempt, again.failures, again.deadlineInMillis], [2, 0, undefined])
    }))

  it.effect("takes everything back that a paused queue has handed over, and starts none of it", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const given = { queue: freshQueue(), type: freshType() }
      const jobs = Array.from({ length: 4 }, () => newJob(given))
      yield* accept(...jobs)
      const worker = yield* startWorker({ types: [given.type] })
      const [first, ...handed] = yield* store.dispatch({ ...given, types: [given.type], window: 3, limit: 9 })
      yield* store.claim(worker, first === undefined ? [] : [{ jobId: first.jobId, token: randomUUID() }])

      const { recalled } = yield* store.pause(given.queue, operator)
      const claimed = yield* store.claim(worker, handed.map(({ jobId }) => ({ jobId, token: randomUUID() })))

      assert.strictEqual(recalled, 2)
      assert.deepStrictEqual(claimed, [])
      assert.strictEqual((yield* jobOf(first?.jobId ?? newJob().id)).status, "running")
      assert.deepStrictEqual(yield* auditOf(given.queue), [`${operator.name} pause`])
    }))

  it.effect("tells of pausing and resuming in the log, and says when there is nothing to pause or resume", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const log = yield* EventLog
      const { queue } = yield* Effect.tap(Effect.succeed(newJob()), (job) => accept(job))
      const { closed } = yield* log.head
      const unknown = freshQueue()

      const answers = [
        yield* Effect.flip(store.resume(queue, operator)),
        yield* Effect.andThen(store.pause(queue, operator), Effect.flip(store.pause(queue, operator))),
        yield* Effect.andThen(store.resume(queue, operator), Effect.flip(store.resume(queue, operator))),
        yield* Effect.flip(store.pause(unknown, operator)),
        yield* Effect.flip(store.resume(unknown, operator))
      ]

      assert.deepStrictEqual(
        answers.map((error) => error._tag === "QueueInState" ? `is paused: ${error.paused}` : error._tag),
        ["is paused: false", "is paused: true", "is paused: false", "QueueNotFound", "QueueNotFound"]
      )
      const rows = yield* until(log.after(closed, 100), (found) => found.flatMap((row) => row.events).length >= 2)
      const events = rows.flatMap((row) => row.events).filter((event) =>
        event.queue === queue && event.job === undefined
      )
      assert.deepStrictEqual(
        events.map(({ data, from, seq, to, type }) => ({ data, from, seq, to, type })),
        ["queue-paused" as const, "queue-resumed" as const].map((type) => ({
          data: { actor: operator.name },
          from: "none" as const,
          seq: undefined,
          to: "none" as const,
          type
        }))
      )
      assert.deepStrictEqual(yield* auditOf(queue), [`${operator.name} resume`, `${operator.name} pause`])
    }))

  it.effect("pauses the default queue before its first job", () =>
    Effect.gen(function*() {
      const store = yield* JobStore

      assert.deepStrictEqual(yield* store.pause(defaultQueue, operator), { recalled: 0 })
      yield* store.resume(defaultQueue, operator)
    }))

  it.effect("leaves a job that has ended alone when its cancellation comes too late", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const job = newJob()
      yield* accept(job)
      const worker = yield* startWorker({ types: [job.type] })
      const attempt = yield* run(worker, job)
      yield* settle(attempt, completed())
      yield* elapse(1 * second)

      const error = yield* Effect.flip(store.cancel(job.id, operator))

      assert.strictEqual(error._tag, "WrongState")
      assert.strictEqual((yield* historyOf(job.id)).length, 4)
      assert.deepStrictEqual(yield* dispatch(job), [])
    }))
}
