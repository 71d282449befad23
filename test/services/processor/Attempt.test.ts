import { localActor } from "#domain/Access.ts"
import { Control } from "#services/gateway/Control.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import {
  completed,
  eventsOf,
  failed,
  historyOf,
  jobOf,
  metric,
  orderedType,
  pass,
  submit,
  typeOf,
  untilJob,
  untilTrue
} from "../Given.ts"
import { status, systemOf } from "./System.ts"

describe("An attempt", () => {
  it.effect("tells a handler when its time is over, and tries again", () => {
    const reasons: Array<string> = []
    const type = typeOf(
      "test.long",
      (_, { attempt, signal }) =>
        attempt > 1 ? Promise.resolve(completed) : new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            reasons.push(String(signal.reason))
            resolve(failed("stopped"))
          })
        }),
      { timeoutMillis: 5_000 }
    )
    return Effect.gen(function*() {
      const id = yield* submit({ type: "test.long" })
      yield* untilJob(id, "retrying")
      const retrying = yield* jobOf(id)
      const done = yield* untilJob(id, "completed")

      assert.lengthOf(reasons, 1)
      assert.include(reasons[0], "timeout")
      assert.deepStrictEqual([retrying.lastError?.name, retrying.failures], ["AttemptTimeout", 1])
      assert.strictEqual(done.attempt, 2)
    }).pipe(Effect.provide(systemOf([type])))
  })

  it.effect("ends a job whose deadline passes while it runs, for good", () => {
    const { calls, type } = orderedType("test.slow")
    return Effect.gen(function*() {
      yield* pass(1_000)
      const id = yield* submit({ type: "test.slow", deadline: DateTime.makeUnsafe(5_000) })
      yield* untilTrue("it runs", Effect.sync(() => calls.length === 1))
      yield* untilTrue("its signal", Effect.sync(() => calls[0]?.context.signal.aborted === true))
      calls[0]?.end(failed("stopped"))
      const dead = yield* untilJob(id, "dead")

      assert.deepStrictEqual([dead.lastError?.name, dead.attempt], ["DeadlineExceeded", 1])
    }).pipe(Effect.provide(systemOf([type])))
  })

  it.effect("retries after the backoff, and never after a failure that is final", () =>
    Effect.gen(function*() {
      const flaky = yield* submit({ type: "test.flaky" })
      const final = yield* submit({ type: "test.final" })
      const hopeless = yield* submit({ type: "test.hopeless" })
      const job = yield* untilJob(flaky, "completed")
      const [first, second, third] = job.attempts.map(({ startedAt }) => Date.parse(startedAt))

      assert.isAtLeast((second ?? 0) - (first ?? 0), 1_000)
      assert.isAtLeast((third ?? 0) - (second ?? 0), 2_000)
      assert.isBelow((third ?? 0) - (second ?? 0), 3_000)
      const [dead, exhausted] = [yield* untilJob(final, "dead"), yield* untilJob(hopeless, "dead")]
      assert.deepStrictEqual([dead.attempt, dead.failures], [1, 1])
      assert.deepStrictEqual([exhausted.attempt, exhausted.failures, exhausted.lastError?.message], [3, 3, "never"])
      assert.deepStrictEqual((yield* historyOf(final)).slice(-2), ["attempt-failed", "dead-lettered"])
    }).pipe(Effect.provide(systemOf([
      typeOf("test.flaky", (_, { failures }) => Promise.resolve(failures < 2 ? failed("not yet") : completed)),
      typeOf("test.final", () => Promise.resolve(failed("no", false))),
      typeOf("test.hopeless", () => Promise.resolve(failed("never")))
    ]))))

  it.effect("survives handlers that throw, answer nonsense or report nonsense", () =>
    Effect.gen(function*() {
      const ids = yield* Effect.forEach(nonsense, ({ description }) => submit({ type: description.name }))
      const jobs = yield* Effect.forEach(ids, (id) => untilJob(id, "dead"))

      assert.isTrue(jobs.every(({ failures }) => failures === 3))
      assert.strictEqual((yield* status).running, 0)
      assert.strictEqual((yield* status).leaked, 0)
    }).pipe(Effect.provide(systemOf(nonsense))))
  const nonsense = [
    typeOf("test.throws", () => {
      throw new Error("at once")
    }),
    typeOf("test.rejects", () => Promise.reject(new Error("later"))),
    // @ts-expect-error: a module that was not made with `defineJobType`
    typeOf("test.undefined", () => Promise.resolve(undefined)),
    // @ts-expect-error: as above
    typeOf("test.unnamed", () => Promise.resolve({ _tag: "Failed", error: { name: 7 } })),
    typeOf("test.progress", (_, { progress }) => {
      progress({ percent: Number.NaN })
      return Promise.resolve(completed)
    })
  ]

  it.effect("cuts long errors between characters, so that the store takes them", () => {
    const type = typeOf("test.long-error", () => Promise.resolve(failed(`${"x".repeat(1_999)}😀`)))
    return Effect.gen(function*() {
      const id = yield* submit({ type: "test.long-error" })
      const retrying = yield* untilJob(id, "retrying")

      assert.strictEqual(retrying.lastError?.message, `${"x".repeat(1_999)}\uFFFD`)
    }).pipe(Effect.provide(systemOf([type])))
  })

  it.effect("tells a running handler that its job is cancelled", () => {
    const { calls, type } = orderedType("test.slow")
    return Effect.gen(function*() {
      const control = yield* Control
      const id = yield* submit({ type: "test.slow" })
      yield* untilTrue("it runs", Effect.sync(() => calls.length === 1))
      yield* control.cancel(id, localActor)
      yield* pass(100)
      assert.isTrue(calls[0]?.context.signal.aborted)
      calls[0]?.end(failed("stopped"))

      assert.strictEqual((yield* untilJob(id, "cancelled")).failures, 0)
    }).pipe(Effect.provide(systemOf([type])))
  })

  it.effect("hears of a cancellation by its heartbeat when the signal is lost", () => {
    const { calls, type } = orderedType("test.slow")
    return Effect.gen(function*() {
      const store = yield* JobStore
      const id = yield* submit({ type: "test.slow" })
      yield* untilTrue("it runs", Effect.sync(() => calls.length === 1))
      yield* store.cancel(id, localActor)
      yield* pass(1_600)

      assert.isTrue(calls[0]?.context.signal.aborted)
    }).pipe(Effect.provide(systemOf([type])))
  })

  it.effect("gives up a handler that ignores its signal, and keeps its slot taken until it returns", () => {
    const { calls, type } = orderedType("test.deaf", { timeoutMillis: 1_000, maxAttempts: 1 })
    return Effect.gen(function*() {
      const first = yield* submit({ type: "test.deaf" })
      yield* untilTrue("it runs", Effect.sync(() => calls.length === 1))
      const dead = yield* untilJob(first, "dead")
      const second = yield* submit({ type: "test.deaf" })
      yield* pass(5_000)
      const leaking = yield* status

      assert.strictEqual(dead.lastError?.name, "AttemptTimeout")
      assert.deepStrictEqual([leaking.running, leaking.leaked, leaking.slots], [0, 1, 1])
      assert.strictEqual(yield* metric("odto_worker_slots_busy{}"), 1)
      assert.lengthOf(calls, 1)
      calls[0]?.end(completed)
      yield* untilTrue("the next one runs", Effect.sync(() => calls.length === 2))
      assert.strictEqual((yield* status).leaked, 0)
      calls[1]?.end(completed)
      yield* untilJob(second, "completed")
      assert.notInclude(yield* historyOf(first), "completion-refused")
    }).pipe(Effect.provide(systemOf([type], { slots: 1 })))
  })

  it.effect("reports progress once a second at most, the last of it", () => {
    const { calls, type } = orderedType("test.slow")
    return Effect.gen(function*() {
      const id = yield* submit({ type: "test.slow" })
      yield* untilTrue("it runs", Effect.sync(() => calls.length === 1))
      for (let percent = 1; percent <= 60; percent++) {
        calls[0]?.context.progress({ percent, message: `${"y".repeat(499)}😀` })
        yield* pass(50)
      }
      yield* pass(1_000)
      const reports = (yield* eventsOf(id)).filter((event) => event.type === "progressed")

      assert.isAtLeast(reports.length, 3)
      assert.isAtMost(reports.length, 5)
      assert.deepStrictEqual((yield* jobOf(id)).progress, { percent: 60, message: `${"y".repeat(499)}\uFFFD` })
    }).pipe(Effect.provide(systemOf([type])))
  })

  it.effect("ends an attempt whose result is too large or no JSON, with the reason", () =>
    Effect.gen(function*() {
      const ids = yield* Effect.forEach(["test.huge", "test.bigint"], (type) => submit({ type }))
      const jobs = yield* Effect.forEach(ids, (id) => untilJob(id, "dead"))

      assert.deepStrictEqual(jobs.map(({ lastError }) => lastError?.name), ["ResultTooLarge", "ResultNotJson"])
    }).pipe(Effect.provide(systemOf([
      typeOf("test.huge", () => Promise.resolve({ _tag: "Completed", result: "x".repeat(70_000) })),
      typeOf("test.bigint", () => Promise.resolve({ _tag: "Completed", result: 7n }))
    ]))))
})
