import { start } from "#domain/Position.ts"
import { EventArchive } from "#services/ports/EventArchive.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { History } from "#services/read-model/History.ts"
import { LiveFeed } from "#services/read-model/LiveFeed.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { world } from "../../support/Memory.ts"
import { accept, newJob } from "../../support/Seed.ts"

const everything = {
  jobId: undefined,
  types: undefined,
  queue: undefined,
  after: undefined,
  before: undefined,
  cursor: undefined,
  limit: 10
}
const history = Layer.fresh(History.layer.pipe(Layer.provide(LiveFeed.layer), Layer.provideMerge(world)))

const archiveAll = Effect.gen(function*() {
  const rows = yield* Effect.flatMap(EventLog, (log) => log.after(start, 10))
  yield* Effect.flatMap(EventArchive, (archive) => archive.store(rows))
})

describe("History", () => {
  it.effect("is as old as the oldest event that the archive does not have, and new again when it has it", () =>
    Effect.gen(function*() {
      const { search } = yield* History
      yield* TestClock.setTime(3_600_000)
      yield* accept(newJob())
      yield* archiveAll
      yield* TestClock.adjust("1 minute")
      const whole = yield* search(everything)
      yield* accept(newJob())
      yield* TestClock.adjust("1 minute")
      yield* accept(newJob())
      const behind = yield* search(everything)
      yield* archiveAll
      const again = yield* search(everything)

      assert.deepInclude(whole.freshness, { source: "memory", ageMillis: 0, stale: false })
      assert.deepInclude(behind.freshness, { ageMillis: 60_000, stale: true })
      assert.deepInclude(again.freshness, { ageMillis: 0, stale: false })
      assert.deepStrictEqual([behind.events.length, again.events.length], [1, 3])
    }).pipe(Effect.provide(history)))

  it.effect("is told all the same while the truth is away", () =>
    Effect.gen(function*() {
      const { search } = yield* History
      yield* accept(newJob())
      yield* archiveAll
      yield* (yield* MemoryFaults).outage

      assert.lengthOf((yield* search(everything)).events, 1)
    }).pipe(Effect.provide(history)))
})
