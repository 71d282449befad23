import type { Position } from "#domain/Position.ts"
import * as EventRelay from "#services/dispatcher/EventRelay.ts"
import { Broker, type SpineMessage } from "#services/ports/Broker.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import { layerMemory } from "#services/ports/memory/Memory.ts"
import * as MemoryBroker from "#services/ports/memory/MemoryBroker.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { Metrics } from "#services/ports/Metrics.ts"
import { Signals } from "#services/ports/Signals.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Option, Scope, Stream } from "effect"
import { world } from "../../support/Memory.ts"
import * as Seed from "../../support/Seed.ts"
import { metric, pass, turn } from "../Given.ts"

const relay = EventRelay.layer("dispatcher/test-1")
const alone = relay.pipe(Layer.provideMerge(world))

/** Log rows, one for each job that is accepted. */
const write = (rows: number) =>
  Effect.gen(function*() {
    const signals = yield* Signals
    for (let row = 0; row < rows; row++) yield* Seed.accept(Seed.newJob())
    yield* signals.send("log")
  })

/** What arrives at the archive, acknowledged. */
const listen = Effect.gen(function*() {
  const broker = yield* Broker
  const arrived: Array<SpineMessage> = []
  yield* broker.archiveFeed(1_000).pipe(
    Stream.runForEach(({ ack, message }) => {
      arrived.push(message)
      return ack
    }),
    Effect.forkScoped({ startImmediately: true })
  )
  return arrived
})
const idsOf = (messages: ReadonlyArray<SpineMessage>) => messages.map(({ row }) => row.position.id)
const upTo = (last: number) => Array.from({ length: last }, (_, index) => BigInt(index + 1))
const cursor = Effect.map(MemoryDatabase, ({ tables }) => tables.relay.cursor)

describe("EventRelay", () => {
  it.effect("carries every row in order, each with the position before it, and moves the cursor", () =>
    Effect.gen(function*() {
      const arrived = yield* listen
      yield* write(200)
      yield* pass(1_000)

      assert.deepStrictEqual(idsOf(arrived), upTo(200))
      let previous: Position = { xid: 0n, id: 0n }
      for (const message of arrived) {
        assert.deepStrictEqual(message.previous, previous)
        previous = message.row.position
      }
      assert.deepStrictEqual(yield* cursor, previous)
      assert.strictEqual(yield* metric("odto_relayed_events_total{}"), 200)
      assert.strictEqual(yield* metric("odto_relay_leader{}"), 1)
    }).pipe(Effect.provide(alone)))

  it.effect("finds rows that nobody announced", () =>
    Effect.gen(function*() {
      const arrived = yield* listen
      yield* pass(2_000)
      yield* Seed.accept(Seed.newJob())
      yield* pass(300)

      assert.lengthOf(arrived, 1)
    }).pipe(Effect.provide(alone)))

  it.effect("asks little of the store while nothing happens", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      yield* pass(2_000)
      yield* faults.order("EventLog.after", { _tag: "LoseAnswer" }, 1)
      // The order is met within a sweep; counting goes on by orders that cost a short pause each.
      yield* pass(10_000)
      let asked = 0
      const { tables } = yield* MemoryDatabase
      const log = tables.log
      Object.defineProperty(tables, "log", {
        get: () => {
          asked += 1
          return log
        }
      })
      yield* pass(10_000)

      // Four sweeps a second, and the lag once a second.
      assert.isBelow(asked, 10 * (4 + 4))
    }).pipe(Effect.provide(alone)))

  it.effect("stops where the broker refuses, and goes on from there without a hole", () =>
    Effect.gen(function*() {
      yield* write(10)
      yield* pass(500)
      const before = yield* cursor
      yield* write(30)
      yield* pass(5_000)
      // The archive takes 20 events; beyond them everything is refused.
      assert.isBelow(Number((yield* cursor).id), 40)
      assert.isAtLeast(Number((yield* cursor).id), Number(before.id))
      const arrived = yield* listen
      yield* pass(10_000)

      assert.deepStrictEqual([...new Set(idsOf(arrived))], upTo(40))
      assert.deepStrictEqual((yield* cursor).id, 40n)
    }).pipe(Effect.provide(relay.pipe(Layer.provideMerge(
      Layer.mergeAll(layerMemory, MemoryBroker.layerWith({ archiveEvents: 20 }), Metrics.layerMemory)
    )))))

  it.effect("is patient anew after progress: trouble now and then costs little each time", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const arrived = yield* listen
      for (let round = 1; round <= 12; round++) {
        yield* faults.order("EventLog.after", { _tag: "Fail", reason: "unavailable" })
        yield* write(1)
        yield* pass(600)
        assert.lengthOf(arrived, round)
      }
    }).pipe(Effect.provide(alone)))

  it.effect("sends again what it is not known to have sent, when the answer about the cursor is lost", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const arrived = yield* listen
      yield* faults.order("EventLog.advance", { _tag: "LoseAnswer" }, 2)
      yield* write(3)
      yield* pass(2_000)

      assert.deepStrictEqual([...new Set(idsOf(arrived))], upTo(3))
      assert.strictEqual((yield* cursor).id, 3n)
    }).pipe(Effect.provide(alone)))

  it.effect("is followed by another when it dies", () =>
    Effect.gen(function*() {
      const arrived = yield* listen
      const first = yield* Scope.make()
      yield* Layer.buildWithScope(relay, first)
      yield* write(1)
      yield* pass(300)
      yield* Layer.buildWithScope(EventRelay.layer("dispatcher/test-2"), yield* Effect.scope)
      yield* pass(2_000)
      const { tables } = yield* MemoryDatabase
      assert.strictEqual(tables.relay.holder, "dispatcher/test-1")
      yield* Scope.close(first, Exit.void)
      yield* write(2)
      yield* pass(7_000)

      assert.strictEqual(tables.relay.holder, "dispatcher/test-2")
      assert.deepStrictEqual(idsOf(arrived), upTo(3))
    }).pipe(Effect.provide(world)))

  it.effect("moves nothing when it was stopped and another has become leader", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      const { tables } = yield* MemoryDatabase
      const arrived = yield* listen
      yield* write(1)
      yield* pass(300)
      // It sleeps through its lease: another leads and moves the cursor.
      yield* Seed.accept(Seed.newJob())
      tables.relay.leaseUntil = 0
      const lease = Option.getOrThrow(yield* log.lead("dispatcher/other", 60_000))
      const [row] = yield* log.after(lease.cursor, 1)
      const position = row?.position ?? lease.cursor
      assert.isTrue(yield* log.advance("dispatcher/other", lease.cursor, position))
      yield* write(1)
      yield* pass(5_000)

      assert.strictEqual(tables.relay.holder, "dispatcher/other")
      assert.deepStrictEqual(yield* cursor, position)
      assert.strictEqual(yield* metric("odto_relay_leader{}"), 0)
      assert.isAtMost(Number(idsOf(arrived).at(-1) ?? 0n), 3)
    }).pipe(Effect.provide(alone)))

  it.effect("lets another lead while it cannot reach the broker", () =>
    Effect.gen(function*() {
      const { tables } = yield* MemoryDatabase
      const brokers = yield* MemoryBroker.BrokerFaults
      const other = yield* EventLog
      yield* write(1)
      yield* pass(300)
      yield* brokers.outage
      yield* write(1)
      yield* pass(8_000)
      const lease = yield* other.lead("dispatcher/other", 1_000)
      assert.isTrue(Option.isSome(lease))
      yield* brokers.restore
      const arrived = yield* listen
      yield* pass(5_000)

      assert.strictEqual(tables.relay.holder, "dispatcher/test-1")
      assert.strictEqual(idsOf(arrived).at(-1), 2n)
      yield* turn
    }).pipe(Effect.provide(alone)))
})
