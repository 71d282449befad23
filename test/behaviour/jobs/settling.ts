import { JobStore } from "#services/ports/JobStore.ts"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { newJob, operator, run } from "../../support/Seed.ts"
import { asRun, running } from "./cases.ts"
import {
  complete,
  die,
  historyOf,
  jobOf,
  type Options,
  retry,
  second,
  settlementOf,
  type Stores,
  told,
  trouble
} from "./Truth.ts"

export const settling = <R>(it: Vitest.MethodsNonLive<Stores | R>, { elapse }: Options<R>) => {
  it.effect("keeps the result of a completed attempt", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { attempt, job, worker } = yield* running()

      const answers = yield* store.settle([settlementOf(attempt, complete)])

      assert.deepStrictEqual(answers, [{ jobId: job.id, token: attempt.token, answer: "committed" }])
      const view = yield* jobOf(job.id)
      assert.deepStrictEqual([view.status, view.result, view.failures], ["completed", { answer: 42 }, 0])
      assert.isNotNull(view.finishedAt)
      assert.deepStrictEqual(view.attempts.map(({ state }) => state), ["completed"])
      const events = yield* historyOf(job.id)
      assert.deepStrictEqual(told(events), [...asRun, "4 completed running>completed"])
      assert.deepStrictEqual(events[3]?.data, { worker, runMillis: 12 })
    }))

  it.effect("keeps a failed attempt and lets the job wait for its next one", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { attempt, job, worker } = yield* running({ priority: 2 })
      const message = "x".repeat(600)
      const error = { ...trouble, message, stack: "at home" }

      yield* store.settle([settlementOf(attempt, { _tag: "retry", error, delayMillis: 10 * second })])

      const view = yield* jobOf(job.id)
      assert.deepStrictEqual([view.status, view.failures, view.attempt], ["retrying", 1, 1])
      assert.deepStrictEqual(view.attempts.map(({ error: kept, state }) => [state, kept]), [["failed", error]])
      const events = yield* historyOf(job.id)
      assert.deepStrictEqual(told(events), [
        ...asRun,
        "4 attempt-failed running>running",
        "5 retry-scheduled running>waiting"
      ])
      assert.deepStrictEqual(events[3]?.data, {
        worker,
        runMillis: 12,
        error: { name: "Error", message: "x".repeat(500), retryable: true }
      })
      assert.deepStrictEqual(events[4]?.data, { delayMillis: 10 * second })

      yield* elapse(11 * second)
      yield* store.promote(100)
      const second_ = yield* run(worker, job)
      assert.deepStrictEqual([second_.attempt, second_.failures], [2, 1])
    }))

  it.effect("ends a job as dead, cancelled or queued again, as its attempt ended", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const cases = [
        [die, "dead", "failed", 1, ["4 attempt-failed running>running", "5 dead-lettered running>dead"]],
        [{ _tag: "cancel" }, "cancelled", "cancelled", 0, ["4 cancelled running>cancelled"]],
        [{ _tag: "release" }, "queued", "released", 0, ["4 released running>waiting"]]
      ] as const
      for (const [next, status, state, failures, events] of cases) {
        const { attempt, job } = yield* running()

        yield* store.settle([settlementOf(attempt, next)])

        const view = yield* jobOf(job.id)
        assert.deepStrictEqual([view.status, view.failures, view.attempts[0]?.state], [status, failures, state])
        assert.deepStrictEqual(told(yield* historyOf(job.id)), [...asRun, ...events])
      }
    }))

  it.effect("answers a repeated settlement as before and does nothing", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      for (const next of [complete, retry(0), die, { _tag: "cancel" }, { _tag: "release" }] as const) {
        const { attempt, job } = yield* running()
        yield* store.settle([settlementOf(attempt, next)])
        const before = yield* historyOf(job.id)

        const [answer] = yield* store.settle([settlementOf(attempt, next)])

        assert.strictEqual(answer?.answer, "committed")
        assert.deepStrictEqual(yield* historyOf(job.id), before)
      }
    }))

  it.effect("refuses a settlement whose token is not the job's, and tells of it once", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { attempt, job, worker } = yield* running()
      yield* store.settle([settlementOf(attempt, { _tag: "release" })])
      const second_ = yield* run(worker, job)

      const late = yield* store.settle([settlementOf(attempt, complete)])
      const again = yield* store.settle([settlementOf(attempt, complete)])
      const inTime = yield* store.settle([settlementOf(second_, complete)])

      assert.deepStrictEqual([late, again, inTime].flat().map(({ answer }) => answer), [
        "refused",
        "refused",
        "committed"
      ])
      const refusals = (yield* historyOf(job.id)).filter(({ type }) => type === "completion-refused")
      assert.deepStrictEqual(told(refusals), ["7 completion-refused running>running"])
      assert.deepStrictEqual(refusals[0]?.data, {
        reason: "another attempt runs",
        outcome: "complete",
        worker,
        lateAttempt: 1
      })
      assert.deepStrictEqual((yield* jobOf(job.id)).attempts.map(({ state }) => state), ["released", "completed"])
    }))

  it.effect("answers settlements in order, and refuses a value that cannot be stored by itself", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const all = yield* Effect.forEach(Array.from({ length: 6 }), () => running())
      const error = { ...trouble, message: "a\u0000b" }
      const bad = new Map<number, Parameters<typeof settlementOf>[1]>([
        [1, { _tag: "complete", result: "{\"a\":\"\\u0000\"}" }],
        [2, { _tag: "complete", result: "{" }],
        [4, { _tag: "die", error, reason: "exhausted" }]
      ])

      const settlements = all.map(({ attempt }, index) => settlementOf(attempt, bad.get(index) ?? complete))
      const answers = yield* store.settle(settlements)

      assert.deepStrictEqual(
        answers,
        all.map(({ attempt, job }, index) => ({
          jobId: job.id,
          token: attempt.token,
          answer: bad.has(index) ? "invalid" : "committed"
        }))
      )
      for (const index of bad.keys()) {
        const { attempt, job } = all[index] ?? (yield* running())
        const [answer] = yield* store.settle([settlementOf(attempt, die)])
        assert.strictEqual(answer?.answer, "committed")
        assert.strictEqual((yield* jobOf(job.id)).status, "dead")
      }
    }))

  it.effect("refuses to settle a job that it does not know", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { attempt } = yield* running()

      const [answer] = yield* store.settle([settlementOf({ ...attempt, jobId: newJob().id }, complete)])

      assert.strictEqual(answer?.answer, "refused")
    }))

  it.effect("ends a job as cancelled whose cancellation was asked for, unless it has completed", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const cases = [
        [retry(0), "cancelled", "6 cancelled running>cancelled"],
        [die, "cancelled", "6 cancelled running>cancelled"],
        [{ _tag: "release" }, "cancelled", "5 cancelled running>cancelled"],
        [complete, "completed", "5 completed running>completed"]
      ] as const
      for (const [next, status, last] of cases) {
        const { attempt, job } = yield* running()
        yield* store.cancel(job.id, operator)

        const [answer] = yield* store.settle([settlementOf(attempt, next)])

        assert.strictEqual(answer?.answer, "committed")
        assert.strictEqual((yield* jobOf(job.id)).status, status)
        assert.strictEqual(told(yield* historyOf(job.id)).at(-1), last)
      }
    }))

  it.effect("records progress under the current token only", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const { attempt, job } = yield* running()
      const { jobId, token } = attempt
      const progress = { percent: 40, message: "nearly \"half\"" }

      yield* store.progress([{ jobId, token: randomUUID(), progress: { percent: 99 } }, { jobId, token, progress }])
      yield* store.settle([settlementOf(attempt, complete)])
      yield* store.progress([{ jobId, token, progress: { percent: 50 } }])

      const events = yield* historyOf(job.id)
      assert.deepStrictEqual(told(events).slice(3), [
        "4 progressed running>running",
        "5 completed running>completed"
      ])
      assert.deepStrictEqual(events[3]?.data, { progress })
      assert.deepStrictEqual((yield* jobOf(job.id)).progress, progress)
    }))
}
