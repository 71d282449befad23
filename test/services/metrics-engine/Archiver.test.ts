import type { LogRow } from "#domain/JobEvent.ts"
import { start } from "#domain/Position.ts"
import * as MetricsEngine from "#services/metrics-engine/MetricsEngine.ts"
import { Broker } from "#services/ports/Broker.ts"
import { EventArchive } from "#services/ports/EventArchive.ts"
import { BrokerFaults } from "#services/ports/memory/MemoryBroker.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { lifeOf, logEvent, logRow } from "../../support/LogRows.ts"
import { closeGate, layer, metric, noon, numbers, numbersOf, pass, Trouble } from "./Spine.ts"

const send = (rows: ReadonlyArray<LogRow>) =>
  Effect.flatMap(Broker, ({ sendLog }) => sendLog(rows.map((row) => ({ row, previous: start }))))

/** A row with as many events. */
const rowOf = (id: number, events = 1) =>
  logRow({ id, at: noon + id, events: Array.from({ length: events }, () => logEvent({ type: "created", at: noon })) })

const archivedIds = Effect.flatMap(EventArchive, ({ places }) => places(1, 0n, 10_000)).pipe(
  Effect.map((all) => all.map(({ id }) => Number(id)))
)

/** Messages that the broker still has, whoever holds them: the engine must be gone. */
const left = Effect.gen(function*() {
  const broker = yield* Broker
  yield* send([rowOf(9_999)])
  return yield* broker.archiveFeed(1_000).pipe(
    Stream.takeUntil(({ message }) => message.row.position.id === 9_999n),
    Stream.map(({ message }) => Number(message.row.position.id)),
    Stream.runCollect,
    Effect.map((ids) => ids.filter((id) => id !== 9_999))
  )
})

/** An engine that the test stops. */
const startEngine = Effect.gen(function*() {
  const scope = yield* Scope.make()
  yield* Layer.buildWithScope(MetricsEngine.layer(), scope)
  yield* pass("1 millis")
  return { stop: Scope.close(scope, Exit.void) }
})

const given = Effect.gen(function*() {
  yield* TestClock.setTime(noon)
  return yield* Trouble
})

describe("Archiver", () => {
  it.effect("stores what arrives, acknowledges it and has it counted", () =>
    Effect.gen(function*() {
      yield* given
      const rows = [...lifeOf({ firstId: 1, at: noon - 100 }), rowOf(4, 10)]
      const engine = yield* startEngine

      yield* send(rows)
      yield* pass("1 millis")

      assert.deepStrictEqual(yield* archivedIds, [1, 2, 3, 4])
      assert.deepStrictEqual(yield* numbers, yield* numbersOf(rows))
      assert.strictEqual(yield* metric("odto_archived_events_total"), 13)
      assert.strictEqual(yield* metric("odto_live_rows_applied_total"), 4)
      yield* engine.stop
      assert.deepStrictEqual(yield* left, [])
    }).pipe(Effect.provide(layer)))

  it.effect("makes a batch of what waits, and lets none wait for a batch", () =>
    Effect.gen(function*() {
      const trouble = yield* given
      yield* startEngine
      const gate = yield* closeGate

      yield* send([rowOf(1)])
      yield* gate.reached
      yield* Effect.forEach([2, 3, 4, 5, 6], (id) => send([rowOf(id)]))
      yield* gate.open
      yield* pass("1 millis")

      assert.deepStrictEqual(trouble.asked.stored, [1, 5])
    }).pipe(Effect.provide(layer)))

  it.effect("counts once what is delivered twice", () =>
    Effect.gen(function*() {
      yield* given
      const rows = lifeOf({ firstId: 1, at: noon - 100 })
      const engine = yield* startEngine
      const gate = yield* closeGate

      yield* send(rows)
      yield* gate.reached
      yield* Effect.flatMap(BrokerFaults, ({ dropConnections }) => dropConnections)
      yield* gate.open
      yield* pass("1 millis")
      yield* send(rows)
      yield* pass("40 millis")

      assert.deepStrictEqual(yield* archivedIds, [1, 2, 3])
      assert.deepStrictEqual(yield* numbers, yield* numbersOf(rows))
      yield* engine.stop
      assert.deepStrictEqual(yield* left, [])
    }).pipe(Effect.provide(layer)))

  it.effect("acknowledges nothing while the archive is away, tries again now and then, and stores it once", () =>
    Effect.gen(function*() {
      const trouble = yield* given
      yield* startEngine
      trouble.archiveIsAway = true
      yield* send([rowOf(1), rowOf(2)])
      yield* pass("5 minutes")
      const { stores } = trouble.asked
      yield* send([rowOf(3)])

      trouble.archiveIsAway = false
      yield* pass("10 seconds")

      assert.isAtLeast(stores, 50)
      assert.isAtMost(stores, 100)
      assert.deepStrictEqual(yield* archivedIds, [1, 2, 3])
      assert.strictEqual(yield* metric("odto_archived_events_total"), 3)
      assert.strictEqual(yield* metric("odto_store_errors_total"), stores)
    }).pipe(Effect.provide(layer)))

  it.effect("gives back what is not stored when it stops while the archive is away", () =>
    Effect.gen(function*() {
      const trouble = yield* given
      const engine = yield* startEngine
      trouble.archiveIsAway = true
      yield* send([rowOf(1), rowOf(2)])
      yield* pass("10 seconds")

      yield* engine.stop

      assert.deepStrictEqual(yield* left, [1, 2])
    }).pipe(Effect.provide(layer)))

  it.effect("stores and acknowledges the batch in hand before it stops, and takes no other", () =>
    Effect.gen(function*() {
      yield* given
      const engine = yield* startEngine
      const gate = yield* closeGate
      yield* send([rowOf(1)])
      yield* gate.reached
      yield* send([rowOf(2)])

      const stopping = yield* Effect.forkChild(engine.stop, { startImmediately: true })
      yield* pass("1 second")
      yield* gate.open
      yield* Fiber.join(stopping)

      assert.deepStrictEqual(yield* archivedIds, [1])
      assert.deepStrictEqual(yield* left, [2])
    }).pipe(Effect.provide(layer)))

  it.effect("stores and acknowledges past a row that the archive refuses", () =>
    Effect.gen(function*() {
      const trouble = yield* given
      const engine = yield* startEngine
      trouble.poison = ({ position }) => position.id === 37n
      const rows = Array.from({ length: 100 }, (_, index) => rowOf(index + 1))

      yield* send(rows)
      yield* pass("1 millis")

      assert.deepStrictEqual(
        yield* archivedIds,
        rows.map(({ position }) => Number(position.id)).filter((id) => id !== 37)
      )
      assert.strictEqual(yield* metric("odto_archive_refused_rows_total"), 1)
      assert.strictEqual((yield* numbers).throughput[0]?.created, 99)
      yield* engine.stop
      assert.deepStrictEqual(yield* left, [])
    }).pipe(Effect.provide(layer)))
})
