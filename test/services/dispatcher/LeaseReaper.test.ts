import * as LeaseReaper from "#services/dispatcher/LeaseReaper.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { world } from "../../support/Memory.ts"
import * as Seed from "../../support/Seed.ts"
import { metric, pass } from "../Given.ts"

const reaper = LeaseReaper.layer.pipe(Layer.provideMerge(world))

/** A running job whose worker never beats again: its lease ends after five seconds. */
const running = Effect.gen(function*() {
  const job = Seed.newJob()
  yield* Seed.accept(job)
  const worker = yield* Seed.startWorker({ types: [job.type] })
  yield* Seed.run(worker, job)
  return job.id
})
const stateOf = (id: string) =>
  Effect.map(MemoryDatabase, ({ tables }) => [...tables.jobs.values()].find(({ job }) => job.id === id)?.state)

describe("LeaseReaper", () => {
  it.effect("takes back the jobs of a worker whose lease has run out, and not before", () =>
    Effect.gen(function*() {
      yield* pass(10_000)
      const id = yield* running
      yield* pass(4_900)
      const before = yield* stateOf(id)
      yield* pass(700)

      assert.strictEqual(before, "running")
      assert.strictEqual(yield* stateOf(id), "retrying")
      assert.strictEqual(yield* metric("odto_lease_expiries_total{}"), 1)
      assert.strictEqual(yield* metric(`odto_jobs_taken_back_total{to="retrying"}`), 1)
    }).pipe(Effect.provide(reaper)))

  it.effect("acts only after a full lease of contact with the store", () =>
    Effect.gen(function*() {
      const { tables } = yield* MemoryDatabase
      const id = yield* running
      for (const worker of tables.workers.values()) worker.leaseUntil = 0
      yield* pass(4_900)
      const before = yield* stateOf(id)
      yield* pass(700)

      assert.strictEqual(before, "running")
      assert.strictEqual(yield* stateOf(id), "retrying")
    }).pipe(Effect.provide(reaper)))

  it.effect("gives every worker the time of a lease after the store was away", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      yield* pass(10_000)
      const id = yield* running
      yield* pass(2_000)
      yield* faults.outage
      yield* pass(10_000)
      yield* faults.restore
      yield* pass(4_900)
      const before = yield* stateOf(id)
      yield* pass(1_200)

      assert.strictEqual(before, "running")
      assert.strictEqual(yield* stateOf(id), "retrying")
    }).pipe(Effect.provide(reaper)))

  it.effect("gives it after its own event loop was stalled", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      let stalledNanos = 0n
      const monotonicTimeNanosUnsafe = () => clock.monotonicTimeNanosUnsafe() + stalledNanos
      const stalling: Clock.Clock = {
        // oxlint-disable-next-line typescript/no-misused-spread -- the methods of the test's clock are its own properties
        ...clock,
        monotonicTimeNanosUnsafe,
        monotonicTimeNanos: Effect.sync(monotonicTimeNanosUnsafe)
      }
      yield* Layer.build(LeaseReaper.layer).pipe(Effect.provideService(Clock.Clock, stalling))
      const { tables } = yield* MemoryDatabase
      yield* pass(10_000)
      const id = yield* running
      yield* pass(200)
      // Eight seconds in which nothing ran here; the worker may well have been stopped with it.
      stalledNanos = 8_000_000_000n
      for (const worker of tables.workers.values()) worker.leaseUntil = 0
      yield* pass(5_000)
      const before = yield* stateOf(id)
      yield* pass(1_000)

      assert.strictEqual(before, "running")
      assert.strictEqual(yield* stateOf(id), "retrying")
    }).pipe(Effect.provide(world)))

  it.effect("begins its contact anew after a pass that failed", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      yield* pass(10_000)
      const id = yield* running
      const { tables } = yield* MemoryDatabase
      for (const worker of tables.workers.values()) worker.leaseUntil = 0
      yield* faults.order("WorkerStore.reap", { _tag: "Fail", reason: "timeout" })
      yield* pass(5_000)
      const before = yield* stateOf(id)
      yield* pass(1_500)

      assert.strictEqual(before, "running")
      assert.strictEqual(yield* stateOf(id), "retrying")
    }).pipe(Effect.provide(reaper)))
})
