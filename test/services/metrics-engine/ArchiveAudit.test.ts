import type { LogRow } from "#domain/JobEvent.ts"
import { ArchiveAudit, type Options } from "#services/metrics-engine/ArchiveAudit.ts"
import { transactionMillis } from "#services/metrics-engine/SettledIds.ts"
import { EventArchive } from "#services/ports/EventArchive.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { logEvent, logRow } from "../../support/LogRows.ts"
import { layer, metric, noon, pass, relay, Trouble, write } from "./Spine.ts"

const startAudit = (options?: Options) =>
  Effect.map(Layer.build(ArchiveAudit.layer(options)), Context.get(ArchiveAudit)).pipe(
    Effect.tap(pass("1 second"))
  )

const rowOf = (id: number, at = noon) => logRow({ id, at, events: [logEvent({ type: "created", at })] })
const rowsOf = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => rowOf(first + index))

const given = Effect.gen(function*() {
  yield* TestClock.setTime(noon)
  return { archive: yield* EventArchive, trouble: yield* Trouble, tables: (yield* MemoryDatabase).tables }
})

/** In the log, relayed and archived. */
const archived = Effect.fnUntraced(function*(rows: ReadonlyArray<LogRow>) {
  yield* write(rows)
  yield* relay()
  yield* Effect.flatMap(EventArchive, ({ store }) => store(rows))
})

const verifiedId = ({ verified }: ArchiveAudit["Service"]) => Effect.map(verified, ({ id }) => Number(id))

describe("ArchiveAudit", () => {
  it.effect("verifies what the archive has, up to the first row that it has not", () =>
    Effect.gen(function*() {
      const { archive } = yield* given
      yield* archived(rowsOf(1, 1_200))
      yield* write(rowsOf(1_201, 1_203))
      yield* relay()
      yield* archive.store([rowOf(1_201), rowOf(1_203)])

      const audit = yield* startAudit()
      const before = yield* verifiedId(audit)
      yield* archive.store([rowOf(1_202)])
      yield* pass("2 seconds")

      assert.strictEqual(before, 1_201)
      assert.strictEqual(yield* verifiedId(audit), 1_203)
      assert.strictEqual(yield* metric("odto_archive_repaired_rows_total"), 0)
    }).pipe(Effect.provide(layer)))

  it.effect("stores from the log what was lost on the way, after longer than any delivery takes", () =>
    Effect.gen(function*() {
      const { archive } = yield* given
      const rows = rowsOf(1, 2_000)
      yield* archived(rows.slice(0, 100))
      yield* write(rows.slice(100))
      yield* relay()
      const audit = yield* startAudit()
      yield* pass("25 seconds")
      const early = yield* archive.absent(1, [101n, 2_000n])

      yield* pass("10 seconds")

      assert.deepStrictEqual(early, [101n, 2_000n])
      assert.deepStrictEqual(yield* archive.absent(1, rows.map(({ position }) => position.id)), [])
      assert.strictEqual(yield* verifiedId(audit), 2_000)
      assert.strictEqual(yield* metric("odto_archive_repaired_rows_total"), 1_900)
    }).pipe(Effect.provide(layer)))

  it.effect("does not do the work of a relay that stands still, or of an archiver that works off a backlog", () =>
    Effect.gen(function*() {
      const { archive } = yield* given
      yield* archived(rowsOf(1, 10))
      yield* write(rowsOf(11, 100))
      const audit = yield* startAudit()

      yield* pass("5 minutes")
      const unrelayed = yield* archive.absent(1, [11n])
      yield* relay()
      for (let id = 11; id <= 60; id++) {
        yield* pass("5 seconds")
        yield* archive.store([rowOf(id)])
      }

      assert.deepStrictEqual(unrelayed, [11n])
      assert.strictEqual(yield* verifiedId(audit), 59)
      assert.strictEqual(yield* metric("odto_archive_repaired_rows_total"), 0)
    }).pipe(Effect.provide(layer)))

  it.effect("fills an archive again that has lost what it had", () =>
    Effect.gen(function*() {
      const { archive, trouble } = yield* given
      const rows = rowsOf(1, 1_000)
      yield* archived(rows)
      const audit = yield* startAudit()
      const before = yield* verifiedId(audit)

      yield* trouble.loseFromArchive(() => true)
      yield* pass("2 seconds")
      const lost = yield* verifiedId(audit)
      yield* pass("40 seconds")

      assert.deepStrictEqual([before, lost], [1_000, 0])
      assert.strictEqual(yield* verifiedId(audit), 1_000)
      assert.deepStrictEqual(yield* archive.scan(1, 0n, 2_000), rows)
    }).pipe(Effect.provide(layer)))

  it.effect("lets rows go that are verified and past the horizon, and no others", () =>
    Effect.gen(function*() {
      const { tables } = yield* given
      const horizonMillis = 5 * 60_000
      yield* archived([
        rowOf(1, noon - 3 * horizonMillis),
        rowOf(2, noon - 2 * horizonMillis),
        rowOf(3, noon - horizonMillis / 2)
      ])
      yield* startAudit({ horizonMillis })
      yield* pass("1 minute")
      const young = tables.log.map(({ position }) => Number(position.id))

      yield* write([rowOf(4, noon)])
      yield* pass(2 * horizonMillis)

      assert.deepStrictEqual(young, [3])
      assert.deepStrictEqual(tables.log.map(({ position }) => Number(position.id)), [4])
    }).pipe(Effect.provide(layer)))

  it.effect("keeps the log from a row on that the archive will never take, and says how long already", () =>
    Effect.gen(function*() {
      const { tables, trouble } = yield* given
      trouble.poison = ({ position }) => position.id === 2n
      yield* archived([rowOf(1)])
      yield* write([rowOf(2), rowOf(3)])
      yield* relay()

      const audit = yield* startAudit({ horizonMillis: 1_000 })
      yield* pass("10 minutes")

      assert.strictEqual(yield* verifiedId(audit), 1)
      assert.deepStrictEqual(tables.log.map(({ position }) => Number(position.id)), [2, 3])
      assert.isAbove(yield* metric("odto_archive_unverified_seconds"), 500)
      assert.isAbove(yield* metric("odto_archive_refused_rows_total"), 0)
    }).pipe(Effect.provide(layer)))

  it.effect("verifies nothing while the archive is away, and goes on when it is back", () =>
    Effect.gen(function*() {
      const { trouble } = yield* given
      const audit = yield* startAudit()
      yield* archived(rowsOf(1, 10))
      trouble.archiveIsAway = true
      yield* pass("5 minutes")
      const before = yield* verifiedId(audit)

      trouble.archiveIsAway = false
      yield* pass("2 seconds")

      assert.strictEqual(before, 0)
      assert.strictEqual(yield* verifiedId(audit), 10)
    }).pipe(Effect.provide(layer)))

  it.effect("calls ids settled when no transaction from before them can be left, by the clock of the log", () =>
    Effect.gen(function*() {
      yield* given
      const audit = yield* startAudit()
      const unknown = yield* audit.settled
      yield* archived([rowOf(10, noon), rowOf(20, noon + transactionMillis / 2)])
      yield* pass("5 minutes")
      const idle = yield* audit.settled

      yield* archived([rowOf(30, noon + transactionMillis + 3_000)])
      yield* pass("2 seconds")

      assert.deepStrictEqual([unknown, idle], [{ epoch: 1, id: 0n }, { epoch: 1, id: 0n }])
      assert.deepStrictEqual(yield* audit.settled, { epoch: 1, id: 10n })
    }).pipe(Effect.provide(layer)))

  it.effect("takes the log for the archive where it is", () =>
    Effect.gen(function*() {
      yield* given
      yield* write(rowsOf(1, 10))
      const audit = yield* Effect.map(Layer.build(ArchiveAudit.layerLogIsArchive), Context.get(ArchiveAudit))

      assert.strictEqual(yield* verifiedId(audit), 10)
      assert.deepStrictEqual(yield* audit.settled, { epoch: 1, id: 10n })
    }).pipe(Effect.provide(layer)))
})
