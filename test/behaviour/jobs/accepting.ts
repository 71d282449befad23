import { EventLog } from "#services/ports/EventLog.ts"
import { type IdempotencyClaim, JobStore } from "#services/ports/JobStore.ts"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { accept, completed, fresh, newJob, run, settle, startWorker } from "../../support/Seed.ts"
import { until } from "../../support/until.ts"
import { historyOf, jobOf, minute, type Options, second, storeNow, type Stores, told } from "./Truth.ts"

const key = (given: Partial<IdempotencyClaim> = {}): IdempotencyClaim => ({
  scope: "ann/default",
  key: fresh("key"),
  bodyHash: "one body",
  ttlMillis: minute,
  ...given
})

export const accepting = <R>(it: Vitest.MethodsNonLive<Stores | R>, { elapse }: Options<R>) => {
  it.effect("answers each job in order, with the id of its first event", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const now = newJob()
      const later = newJob({ runAt: (yield* storeNow) + minute })

      const answers = yield* store.accept([now, later])

      assert.deepStrictEqual(answers, [
        { _tag: "Accepted", jobId: now.id, eventId: `${now.id}:1`, status: "queued" },
        { _tag: "Accepted", jobId: later.id, eventId: `${later.id}:1`, status: "scheduled" }
      ])
      assert.deepStrictEqual(told(yield* historyOf(later.id)), ["1 created none>waiting"])
    }))

  it.effect("accepts nothing when there is nothing", () =>
    Effect.gen(function*() {
      const store = yield* JobStore

      assert.deepStrictEqual(yield* store.accept([]), [])
    }))

  it.effect("keeps everything that was submitted, and tells it in the first event", () =>
    Effect.gen(function*() {
      const job = newJob({
        payload: "{\"to\":\"ann\\\\ \\\"x\\\"\",\"n\":[1,null,1.5]}",
        priority: 9,
        maxAttempts: 3,
        timeoutMillis: 1_234,
        tags: ["a\"b", "c\\d", "{e}", "NULL"],
        correlationId: "order\"1\\",
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      })
      yield* accept(job)

      const view = yield* jobOf(job.id)
      const [created] = yield* historyOf(job.id)

      assert.deepStrictEqual(view.payload, { to: "ann\\ \"x\"", n: [1, null, 1.5] })
      assert.deepStrictEqual(view.tags.toSorted(), [...job.tags].toSorted())
      assert.deepStrictEqual(
        [view.type, view.queue, view.priority, view.maxAttempts, view.timeoutMillis, view.correlationId, view.backoff],
        [job.type, job.queue, 9, 3, 1_234, job.correlationId, job.backoff]
      )
      assert.deepStrictEqual(
        [created?.queue, created?.jobType, created?.correlationId, created?.traceparent],
        [job.queue, job.type, job.correlationId, job.traceparent]
      )
      assert.doesNotHaveAnyKeys(created, ["attempt", "data"])
    }))

  it.effect("answers a repeated batch as before, and stores nothing twice", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const jobs = [newJob(), newJob({ idempotency: key() })]
      const first = yield* store.accept(jobs)

      const second = yield* store.accept(jobs)

      assert.deepStrictEqual(second, first)
      for (const { id } of jobs) assert.deepStrictEqual(told(yield* historyOf(id)), ["1 created none>waiting"])
    }))

  it.effect("recognises its own work when part of a batch was accepted before", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const [one, two] = [newJob(), newJob()]
      yield* accept(one)

      const answers = yield* store.accept([two, one])

      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Accepted", "Accepted"])
    }))

  it.effect("answers a used key with its first answer, whatever became of the job", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const first = newJob({ idempotency: key() })
      yield* accept(first)
      const worker = yield* startWorker({ types: [first.type] })
      yield* settle(yield* run(worker, first), completed())

      const [answer] = yield* store.accept([newJob({ queue: first.queue, idempotency: first.idempotency })])

      assert.deepStrictEqual(answer, {
        _tag: "Replayed",
        jobId: first.id,
        eventId: `${first.id}:1`,
        status: "queued"
      })
    }))

  it.effect("names the first job when a key comes with another body", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const first = newJob({ idempotency: key() })
      yield* accept(first)

      const other = newJob({ idempotency: { ...key(first.idempotency), bodyHash: "another body" } })
      const elsewhere = newJob({ idempotency: { ...key(first.idempotency), scope: "bob/default" } })

      assert.deepStrictEqual(
        (yield* store.accept([other, elsewhere])).map((answer) => [answer._tag, "jobId" in answer && answer.jobId]),
        [["KeyConflict", first.id], ["Accepted", elsewhere.id]]
      )
    }))

  it.effect("lets the first of equal keys in a batch win", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const idempotency = key()
      const first = newJob({ idempotency })
      const same = newJob({ idempotency })
      const other = newJob({ idempotency: { ...idempotency, bodyHash: "another body" } })

      const answers = yield* store.accept([first, same, other, first])

      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Accepted", "Replayed", "KeyConflict", "Accepted"])
      assert.deepStrictEqual(answers.map((answer) => "jobId" in answer && answer.jobId), Array(4).fill(first.id))
      assert.deepStrictEqual(yield* historyOf(same.id), [])
    }))

  it.effect("forgets a key when its time is over", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const first = newJob({ idempotency: key({ ttlMillis: 10 * second }) })
      yield* accept(first)
      yield* elapse(11 * second)
      const second_ = newJob({ idempotency: first.idempotency })

      const [answer] = yield* store.accept([second_])

      assert.deepStrictEqual(answer, {
        _tag: "Accepted",
        jobId: second_.id,
        eventId: `${second_.id}:1`,
        status: "queued"
      })
    }))

  it.effect("refuses what cannot be stored and nothing else of the batch", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const bad = new Map([
        [7, newJob({ payload: "{\"a\":\"\\u0000\"}" })],
        [77, newJob({ payload: "{\"a\":\"\\ud800\"}" })],
        [78, newJob({ payload: "{\"a\":\"\u0000\"}" })],
        [111, newJob({ payload: "{\"a\":" })],
        [199, newJob({ tags: ["a\u0000b"] })]
      ])
      const jobs = Array.from({ length: 200 }, (_, index) => bad.get(index) ?? newJob())

      const answers = yield* store.accept(jobs)

      assert.deepStrictEqual(
        answers.flatMap(({ _tag }, index) => _tag === "Refused" ? [index] : []),
        [...bad.keys()]
      )
      assert.strictEqual(answers.filter(({ _tag }) => _tag === "Accepted").length, 195)
      for (const { id } of bad.values()) assert.deepStrictEqual(yield* historyOf(id), [])
    }))

  it.effect("does not let a refused job keep its key", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const idempotency = key()
      const refused = newJob({ payload: "{\"a\":\"\\u0000\"}", idempotency })
      const other = newJob({ idempotency: { ...idempotency, bodyHash: "another body" } })

      const answers = yield* store.accept([refused, other])

      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Refused", "Accepted"])
    }))

  it.effect("writes rows of at most 500 events and 256 KiB", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const log = yield* EventLog
      const { closed } = yield* log.head
      const correlationId = "\"".repeat(200)
      const jobs = Array.from({ length: 1_200 }, () => newJob({ correlationId }))
      yield* store.accept(jobs)

      const rows = yield* until(log.after(closed, 100), (found) =>
        found.reduce((sum, row) => sum + row.events.length, 0) >= 1_200)

      assert.deepStrictEqual(
        new Set(rows.flatMap((row) =>
          row.events.map(({ job }) => job)
        )),
        new Set(jobs.map(({ id }) => id))
      )
      for (const row of rows) {
        assert.isAtMost(row.events.length, 500)
        assert.isAtMost(Buffer.byteLength(JSON.stringify(row.events)), 256 * 1_024)
      }
    }))
}
