/** Gateway, dispatcher and processor as they run together, over a world in memory and in virtual time. */
import { localActor } from "#domain/Access.ts"
import { type JobId, JobTypeName } from "#domain/Job.ts"
import type { JobContext, JobType } from "#domain/JobType.ts"
import type { JobView } from "#domain/JobView.ts"
import type { Outcome } from "#domain/Outcome.ts"
import * as Dispatcher from "#services/dispatcher/Dispatcher.ts"
import { Control } from "#services/gateway/Control.ts"
import { Intake } from "#services/gateway/Intake.ts"
import { JobTypes } from "#services/gateway/JobTypes.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { BrokerFaults } from "#services/ports/memory/MemoryBroker.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { Worker } from "#services/processor/Worker.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, type Schema } from "effect"
import { TestClock } from "effect/testing"
import { world } from "../support/Memory.ts"

type Behaviour = (payload: unknown, context: JobContext) => Promise<Outcome>

const typeOf = (name: string, perform: Behaviour): JobType => ({
  description: {
    name: JobTypeName.make(name),
    payloadSchema: { type: "object" },
    maxAttempts: 3,
    backoff: { baseMillis: 1_000, factor: 2, maxMillis: 10_000, jitter: "none" },
    timeoutMillis: 60_000
  },
  perform
})

const completed: Outcome = { _tag: "Completed", result: { done: true } }
const failed: Outcome = { _tag: "Failed", error: { name: "Error", message: "not yet", retryable: true } }

/** JSON has no word for it. */
const circle: Record<string, unknown> = {}
circle["self"] = circle

const types = [
  typeOf("test.circle", () => Promise.resolve({ _tag: "Completed", result: circle })),
  typeOf("test.garbled", () => Promise.resolve({ _tag: "Completed", result: { text: "a\u0000b\uD800" } })),
  typeOf("test.quick", () => Promise.resolve(completed)),
  typeOf("test.flaky", (_, { failures }) => Promise.resolve(failures < 2 ? failed : completed)),
  typeOf("test.hopeless", () => Promise.resolve(failed)),
  typeOf(
    "test.endless",
    (_, { signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve({ _tag: "Cancelled" })))
  )
]

const worker = Worker.layer({
  name: "processor/test-1",
  host: "test",
  pid: 1,
  version: "0.0.0",
  slots: 4,
  queues: undefined,
  queueSlots: new Map(),
  types,
  drainMillis: 1_000
})

const system = Layer.mergeAll(
  Intake.layer.pipe(Layer.provide(JobTypes.layer)),
  Control.layer,
  Dispatcher.layer("dispatcher/test-1"),
  worker
).pipe(Layer.provideMerge(world))

const submit = Effect.fnUntraced(function*(type: string) {
  const intake = yield* Intake
  const [answer] = yield* intake.submit(
    [{ job: { type: JobTypeName.make(type) }, traceparent: undefined }],
    localActor
  )
  if (answer?._tag !== "Accepted") return yield* Effect.die(new Error(`answered ${answer?._tag}`))
  return answer.jobId
})

/** Two minutes of virtual time, in which a job must come where it is awaited. */
const stepMillis = 100
const patienceSteps = 1_200

/** Lets time pass until the job is as wanted. */
const awaitJob = Effect.fnUntraced(function*(jobId: JobId, isWanted: (job: JobView) => boolean) {
  const queries = yield* JobQueries
  for (let step = 0; step < patienceSteps; step++) {
    const job = Option.getOrThrow(yield* queries.get(jobId))
    if (isWanted(job)) return job
    yield* TestClock.adjust(stepMillis)
    // Handlers are promises: they go on when the event loop turns.
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  }
  return yield* Effect.die(new Error("the job did not come there"))
})
const isEnded = ({ finishedAt }: JobView): boolean => finishedAt !== null

const historyOf = Effect.fnUntraced(function*(jobId: JobId) {
  const log = yield* EventLog
  const events = (yield* log.ofJob(jobId)).flatMap((row) => row.events).filter((event) => event.job === jobId)
  assert.deepStrictEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1))
  return events.map(({ type }) => type)
})

describe("the way of a job", () => {
  it.effect("leads from its submission to its completion", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      const jobId = yield* submit("test.quick")

      const job = yield* awaitJob(jobId, isEnded)

      assert.strictEqual(job.status, "completed")
      assert.deepStrictEqual(job.result, { done: true })
      assert.deepStrictEqual(yield* historyOf(jobId), ["created", "dispatched", "started", "completed"])
    }).pipe(Effect.provide(system)))

  it.effect("goes over its retries, each after its backoff", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      const jobId = yield* submit("test.flaky")

      const job = yield* awaitJob(jobId, isEnded)

      assert.strictEqual(job.status, "completed")
      assert.deepStrictEqual(job.attempts.map(({ state }) => state), ["failed", "failed", "completed"])
      const [first, second, third] = job.attempts.map(({ startedAt }) => Date.parse(startedAt))
      assert.isAtLeast((second ?? 0) - (first ?? 0), 1_000)
      assert.isAtLeast((third ?? 0) - (second ?? 0), 2_000)
    }).pipe(Effect.provide(system)))

  it.effect("ends after the last attempt, and starts again when it is replayed", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      const control = yield* Control
      const jobId = yield* submit("test.hopeless")
      const dead = yield* awaitJob(jobId, isEnded)

      yield* control.replay(jobId, localActor)
      const again = yield* awaitJob(jobId, isEnded)

      assert.deepStrictEqual([dead.status, dead.attempt, dead.failures], ["dead", 3, 3])
      assert.deepStrictEqual([again.status, again.attempt, again.failures], ["dead", 6, 3])
    }).pipe(Effect.provide(system)))

  it.effect("does not begin for a payload that is nested without end", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      const intake = yield* Intake
      const deep = Array.from({ length: 100_000 }).reduce<Schema.Json>((inner) => [inner], [])

      const answers = yield* intake.submit(
        [{}, { deep }].map((payload) => ({
          job: { type: JobTypeName.make("test.quick"), payload },
          traceparent: undefined
        })),
        localActor
      )

      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Accepted", "InvalidPayload"])
    }).pipe(Effect.provide(system)))

  it.effect("ends when its result cannot be kept, and says why", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      const jobId = yield* submit("test.circle")

      const job = yield* awaitJob(jobId, isEnded)

      assert.deepStrictEqual([job.status, job.lastError?.name], ["dead", "ResultNotJson"])
    }).pipe(Effect.provide(system)))

  it.effect("completes with a result that can be stored in place of one that cannot", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      const jobId = yield* submit("test.garbled")

      const job = yield* awaitJob(jobId, isEnded)

      assert.strictEqual(job.status, "completed")
      assert.deepStrictEqual(job.result, { text: "a\uFFFDb\uFFFD" })
    }).pipe(Effect.provide(system)))

  it.effect("is left at once when a running job is cancelled", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      const control = yield* Control
      const jobId = yield* submit("test.endless")
      yield* awaitJob(jobId, ({ status }) => status === "running")

      const answer = yield* control.cancel(jobId, localActor)
      const job = yield* awaitJob(jobId, isEnded)

      assert.strictEqual(answer._tag, "Requested")
      assert.strictEqual(job.status, "cancelled")
    }).pipe(Effect.provide(system)))

  it.effect("is found again when the broker has lost everything", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      const broker = yield* BrokerFaults
      const ids = yield* Effect.forEach(Array.from({ length: 20 }), () => submit("test.quick"))
      yield* broker.deleteQueues

      const jobs = yield* Effect.forEach(ids, (jobId) => awaitJob(jobId, isEnded))

      assert.isTrue(jobs.every(({ attempt, status }) => status === "completed" && attempt === 1))
    }).pipe(Effect.provide(system)))

  it.effect("goes on after the store was away, with nothing done twice", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      const faults = yield* MemoryFaults
      const ids = yield* Effect.forEach(Array.from({ length: 20 }), () => submit("test.quick"))
      yield* faults.order("JobStore.claim", { _tag: "LoseAnswer" }, 2)
      yield* faults.order("JobStore.settle", { _tag: "LoseAnswer" }, 2)
      yield* TestClock.adjust("100 millis")
      yield* faults.outage
      yield* TestClock.adjust("3 seconds")
      yield* faults.restore

      const jobs = yield* Effect.forEach(ids, (jobId) => awaitJob(jobId, isEnded))
      const histories = yield* Effect.forEach(ids, historyOf)

      assert.isTrue(jobs.every(({ status }) => status === "completed"))
      assert.isTrue(histories.every((history) => history.filter((type) => type === "completed").length === 1))
    }).pipe(Effect.provide(system)))
})
