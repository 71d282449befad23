import { localActor } from "#domain/Access.ts"
import { JobId } from "#domain/Job.ts"
import { WorkerId } from "#domain/Worker.ts"
import { Control } from "#services/gateway/Control.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { type Signal, Signals } from "#services/ports/Signals.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { world } from "../../support/Memory.ts"
import { newJob } from "../../support/Seed.ts"
import { turn, typeOf } from "../Given.ts"

const layer = Control.layer.pipe(Layer.provideMerge(world))
const worker = WorkerId.make("00000000-0000-4000-8000-000000000001")

/** What is signalled while the effect runs. */
const signalled = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const signals = yield* Signals
    const heard: Array<Signal> = []
    yield* signals.stream.pipe(
      Stream.runForEach((signal) => Effect.sync(() => heard.push(signal))),
      Effect.forkScoped({ startImmediately: true })
    )
    yield* effect
    yield* turn
    return heard.toSorted()
  }).pipe(Effect.scoped)

const accepted = Effect.gen(function*() {
  const store = yield* JobStore
  const job = newJob()
  yield* store.accept([job])
  return job
})
const running = Effect.gen(function*() {
  const store = yield* JobStore
  const workers = yield* WorkerStore
  const job = yield* accepted
  const { description } = typeOf(job.type, () => Promise.reject(new Error("is never run")))
  yield* workers.register({
    id: worker,
    name: "processor/test-1",
    host: "test",
    pid: 1,
    version: "0.0.0",
    slots: 1,
    queues: undefined,
    types: [description]
  })
  yield* store.dispatch({ queue: job.queue, types: [job.type], window: 10, limit: 10 })
  const [claimed] = yield* store.claim(worker, [{ jobId: job.id, token: "00000000-0000-4000-8000-000000000002" }])
  if (claimed === undefined) return yield* Effect.die(new Error("the job was not claimed"))
  return claimed
})

describe("Control wakes", () => {
  it.effect("nobody but the relay for a waiting job that is cancelled", () =>
    Effect.gen(function*() {
      const control = yield* Control
      const { id } = yield* accepted
      assert.deepStrictEqual(yield* signalled(control.cancel(id, localActor)), ["log"])
    }).pipe(Effect.provide(layer)))

  it.effect("workers for a running job that is to be cancelled", () =>
    Effect.gen(function*() {
      const control = yield* Control
      const { jobId } = yield* running
      assert.deepStrictEqual(yield* signalled(control.cancel(jobId, localActor)), ["cancel", "log"])
    }).pipe(Effect.provide(layer)))

  it.effect("dispatchers for a job that is replayed", () =>
    Effect.gen(function*() {
      const control = yield* Control
      const store = yield* JobStore
      const { attempt, correlationId, jobId, token, traceparent } = yield* running
      yield* store.settle([{
        jobId,
        token,
        attempt,
        runMillis: 1,
        traceparent,
        correlationId,
        next: { _tag: "die", error: { name: "E", message: "m", retryable: false }, reason: "non-retryable" }
      }])
      assert.deepStrictEqual(yield* signalled(control.replay(jobId, localActor)), ["due", "log"])
    }).pipe(Effect.provide(layer)))

  it.effect("dispatchers and workers when a queue is paused and resumed", () =>
    Effect.gen(function*() {
      const control = yield* Control
      const { queue } = yield* accepted
      assert.deepStrictEqual(yield* signalled(control.pause(queue, localActor)), ["log", "queues"])
      assert.deepStrictEqual(yield* signalled(control.resume(queue, localActor)), ["due", "log", "queues"])
    }).pipe(Effect.provide(layer)))

  it.effect("nobody when nothing was done", () =>
    Effect.gen(function*() {
      const control = yield* Control
      const unknown = JobId.make("01900000-0000-7000-8000-000000000000")
      const heard = yield* signalled(Effect.flip(control.cancel(unknown, localActor)))
      assert.deepStrictEqual(heard, [])
    }).pipe(Effect.provide(layer)))
})
