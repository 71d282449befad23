import { localActor } from "#domain/Access.ts"
import type { JobTypeDescription } from "#domain/JobType.ts"
import { WorkerId } from "#domain/Worker.ts"
import { Intake } from "#services/gateway/Intake.ts"
import { JobTypes } from "#services/gateway/JobTypes.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { Signals } from "#services/ports/Signals.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Layer } from "effect"
import { world } from "../../support/Memory.ts"
import { answerTo, jobOf, metric, pass, queue, submit, turn, typeName, typeOf } from "../Given.ts"

const gateway = Intake.layer.pipe(Layer.provide(JobTypes.layer), Layer.provideMerge(world))

let registered = 0
const register = Effect.fnUntraced(function*(...types: ReadonlyArray<JobTypeDescription>) {
  const workers = yield* WorkerStore
  yield* workers.register({
    id: WorkerId.make(`00000000-0000-4000-8000-${String(++registered).padStart(12, "0")}`),
    name: "processor/test-1",
    host: "test",
    pid: 1,
    version: "0.0.0",
    slots: 1,
    queues: undefined,
    types
  })
})
const send = (name: string, more: Partial<JobTypeDescription> = {}): JobTypeDescription => ({
  ...typeOf(name, () => Promise.reject(new Error("is never run"))).description,
  payloadSchema: {
    type: "object",
    properties: { to: { type: "string" } },
    required: ["to"],
    additionalProperties: false
  },
  ...more
})
const payload = { to: "a@b.example" }

describe("Intake", () => {
  it.effect("takes a type from the moment at which it is registered, also just after it was unknown", () =>
    Effect.gen(function*() {
      yield* pass(1_000)
      const before = yield* answerTo({ type: "mail.send", payload })
      yield* register(send("mail.send"))
      const after = yield* answerTo({ type: "mail.send", payload })

      assert.deepStrictEqual([before?._tag, after?._tag], ["UnknownType", "Accepted"])
    }).pipe(Effect.provide(gateway)))

  it.effect("reads the types no more than it must, however many ask for unknown ones", () => {
    let readings = 0
    const counting = Layer.effect(
      WorkerStore,
      Effect.map(WorkerStore, (workers) =>
        WorkerStore.of({
          ...workers,
          types: Effect.tap(workers.types, () => Effect.sync(() => readings++))
        }))
    )
    const unknown = Array.from({ length: 2_000 }, (_, index) => ({
      job: { type: typeName(`unknown.t${index}`) },
      traceparent: undefined
    }))
    return Effect.gen(function*() {
      const intake = yield* Intake
      yield* pass(1_000)
      const before = readings
      const asking = yield* Effect.forEach(
        [1, 2, 3, 4, 5],
        () => Effect.forkChild(intake.submit(unknown, localActor), { startImmediately: true })
      )
      yield* pass(300)
      const answers = (yield* Effect.forEach(asking, Fiber.join)).flat()

      assert.lengthOf(answers, 10_000)
      assert.isTrue(answers.every(({ _tag }) => _tag === "UnknownType"))
      assert.isAtMost(readings - before, 2)
    }).pipe(Effect.provide(
      Intake.layer.pipe(Layer.provide(JobTypes.layer), Layer.provide(counting), Layer.provideMerge(world))
    ))
  })

  it.effect("checks by a changed schema as soon as it is told of it, and at the latest after five seconds", () =>
    Effect.gen(function*() {
      const signals = yield* Signals
      yield* register(send("mail.send"), send("mail.other"))
      const tag = (type: string) => Effect.map(answerTo({ type, payload }), (answer) => answer?._tag)
      const first = [yield* tag("mail.send"), yield* tag("mail.other")]
      yield* register(send("mail.send", { payloadSchema: { type: "object", required: ["subject"] } }))
      yield* signals.send("types")
      yield* turn
      const told = yield* tag("mail.send")
      yield* register(send("mail.other", { payloadSchema: { type: "object", required: ["subject"] } }))
      yield* pass(5_100)

      assert.deepStrictEqual(first, ["Accepted", "Accepted"])
      assert.strictEqual(told, "InvalidPayload")
      assert.strictEqual(yield* tag("mail.other"), "InvalidPayload")
    }).pipe(Effect.provide(gateway)))

  it.effect("fills in what the client leaves out, from the type and the system", () =>
    Effect.gen(function*() {
      yield* register(send("mail.send", { maxAttempts: 7, timeoutMillis: 1_234 }))
      const plain = yield* jobOf(yield* submit({ type: "mail.send", payload }))
      const full = yield* jobOf(
        yield* submit({
          type: "mail.send",
          payload,
          queue: queue("mail"),
          priority: 9,
          maxAttempts: 1,
          timeoutMillis: 99,
          tags: ["a"],
          runAt: DateTime.makeUnsafe(3_600_000)
        })
      )

      assert.deepInclude(plain, {
        queue: queue("default"),
        priority: 5,
        maxAttempts: 7,
        timeoutMillis: 1_234,
        status: "queued"
      })
      assert.deepStrictEqual(plain.tags, [])
      assert.deepInclude(full, {
        queue: queue("mail"),
        priority: 9,
        maxAttempts: 1,
        timeoutMillis: 99,
        status: "scheduled"
      })
    }).pipe(Effect.provide(gateway)))

  it.effect("names every field that does not fit, and refuses only that job", () =>
    Effect.gen(function*() {
      const intake = yield* Intake
      yield* register(send("mail.send"))
      yield* pass(300)
      const of = (given: Record<string, string | number>) => ({
        job: { type: typeName("mail.send"), payload: given },
        traceparent: undefined
      })
      const answers = yield* intake.submit([of(payload), of({ to: 7, cc: "x" }), of({})], localActor)

      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Accepted", "InvalidPayload", "InvalidPayload"])
      const paths = answers.map((answer) =>
        answer._tag === "InvalidPayload" ? answer.issues.map(({ path }) => path) : []
      )
      assert.deepStrictEqual(paths.map((one) => one.toSorted()), [[], ["/cc", "/to"], ["/to"]])
      assert.strictEqual(yield* metric(`odto_jobs_refused_total{reason="InvalidPayload"}`), 2)
    }).pipe(Effect.provide(gateway)))

  it.effect("answers a repeated key with the first answer, and another body under it with the first job", () =>
    Effect.gen(function*() {
      yield* register(send("mail.send"))
      const request = { type: "mail.send", payload, idempotencyKey: "key-1" }
      const first = yield* answerTo(request)
      const again = yield* answerTo(request)
      const other = yield* answerTo({ ...request, priority: 1 })
      const elsewhere = yield* answerTo({ ...request, queue: queue("other") })
      const { tables } = yield* MemoryDatabase

      const told = [first, again, other].map((one) => one !== undefined && "jobId" in one ? [one._tag, one.jobId] : [])
      const id = told[0]?.[1]
      assert.deepStrictEqual(told, [["Accepted", id], ["Replayed", id], ["KeyConflict", id]])
      assert.strictEqual(elsewhere?._tag, "Accepted")
      assert.strictEqual(tables.jobs.size, 2)
    }).pipe(Effect.provide(gateway)))

  it.effect("makes one job of a submission whose commit was not heard of", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      yield* register(send("mail.send"))
      yield* submit({ type: "mail.send", payload })
      yield* faults.order("JobStore.accept", { _tag: "LoseAnswer" }, 2)
      const answer = yield* answerTo({ type: "mail.send", payload })
      const { tables } = yield* MemoryDatabase

      assert.strictEqual(answer?._tag, "Accepted")
      assert.strictEqual(tables.jobs.size, 2)
    }).pipe(Effect.provide(gateway)))

  it.effect("says that the outcome is unknown when it is, though the store is away by then", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      yield* register(send("mail.send"))
      yield* submit({ type: "mail.send", payload })
      yield* faults.order("JobStore.accept", { _tag: "LoseAnswer" })
      yield* faults.order("JobStore.accept", { _tag: "Fail", reason: "unavailable" }, 10)
      const error = yield* Effect.flip(answerTo({ type: "mail.send", payload }))
      yield* faults.restore
      yield* faults.order("JobStore.accept", { _tag: "Fail", reason: "unavailable" }, 10)
      const away = yield* Effect.flip(answerTo({ type: "mail.send", payload }))

      assert.strictEqual("reason" in error ? error.reason : error._tag, "outcome-unknown")
      assert.strictEqual("reason" in away ? away.reason : away._tag, "unavailable")
    }).pipe(Effect.provide(gateway)))
})
