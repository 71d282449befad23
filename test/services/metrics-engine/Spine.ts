/**
 * What stands around a metrics engine, in memory and at the mercy of a test: a log, the relay behind it, the broker, and
 * stores that can be away, slow or picky.
 */
import type { LogRow } from "#domain/JobEvent.ts"
import { compare, start } from "#domain/Position.ts"
import { Broker } from "#services/ports/Broker.ts"
import { ArchiveError, EventArchive } from "#services/ports/EventArchive.ts"
import { LiveStats, LiveStatsError, recentJobsKept } from "#services/ports/LiveStats.ts"
import * as Memory from "#services/ports/memory/Memory.ts"
import * as MemoryBroker from "#services/ports/memory/MemoryBroker.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import * as MemoryEventArchive from "#services/ports/memory/MemoryEventArchive.ts"
import * as MemoryLiveStats from "#services/ports/memory/MemoryLiveStats.ts"
import { Metrics } from "#services/ports/Metrics.ts"
import { Context, Deferred, Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

/** A time of day for tests that need one that is not 1970. */
export const noon = 1_760_000_040_000

export class Trouble extends Context.Service<Trouble, {
  archiveIsAway: boolean
  liveIsAway: boolean
  /** Attempts to count that will fail, of a store that is there. */
  failingCounts: number
  /** Rows that the archive will never take. */
  poison: (row: LogRow) => boolean
  /** What the archive waits for before it stores. */
  gate: Effect.Effect<void>
  /** What was asked of the stores. */
  readonly asked: { stores: number; stored: Array<number>; liveCalls: number; rowsRead: number }
  /** Puts an empty archive, or an archive without some rows, into the place of the one that was. */
  readonly loseFromArchive: (isLost: (row: LogRow) => boolean) => Effect.Effect<void>
}>()("test/Trouble") {}

const away = (operation: string) => new ArchiveError({ operation, reason: "unavailable", cause: "away" })

const archive = Layer.effectContext(Effect.gen(function*() {
  const build = Effect.map(Layer.build(MemoryEventArchive.layer), Context.get(EventArchive))
  let inner = yield* build
  const trouble: Trouble["Service"] = {
    archiveIsAway: false,
    liveIsAway: false,
    failingCounts: 0,
    poison: () => false,
    gate: Effect.void,
    asked: { stores: 0, stored: [], liveCalls: 0, rowsRead: 0 },
    loseFromArchive: Effect.fnUntraced(function*(isLost) {
      const kept = (yield* inner.scan(1, 0n, Number.MAX_SAFE_INTEGER)).filter((row) => !isLost(row))
      inner = yield* Effect.scoped(build)
      yield* Effect.orDie(inner.store(kept))
    }, Effect.orDie)
  }
  const unlessAway = <A>(operation: string, run: () => Effect.Effect<A, ArchiveError>) =>
    Effect.suspend(() => trouble.archiveIsAway ? Effect.fail(away(operation)) : run())
  const service = EventArchive.of({
    name: "archive",
    store: Effect.fnUntraced(function*(rows) {
      trouble.asked.stores++
      yield* trouble.gate
      if (trouble.archiveIsAway) return yield* away("store")
      const fresh = yield* inner.store(rows.filter((row) => !trouble.poison(row)))
      if (rows.some(trouble.poison)) {
        return yield* new ArchiveError({ operation: "store", reason: "refused", cause: "poison" })
      }
      trouble.asked.stored.push(rows.length)
      return fresh
    }),
    ofJob: (jobId) => unlessAway("read", () => inner.ofJob(jobId)),
    search: (query) => unlessAway("search", () => inner.search(query)),
    scan: (...args) => unlessAway("scan", () => inner.scan(...args)),
    places: (...args) => unlessAway("list", () => inner.places(...args)),
    rows: (...args) =>
      unlessAway("read", () =>
        Effect.tap(inner.rows(...args), (rows) =>
          Effect.sync(() => {
            trouble.asked.rowsRead += rows.length
          }))),
    absent: (...args) => unlessAway("look", () => inner.absent(...args)),
    newestRowAt: Effect.suspend(() => unlessAway("look", () => inner.newestRowAt)),
    ping: Effect.void
  })
  return Context.make(EventArchive, service).pipe(Context.add(Trouble, trouble))
}))

const live = Layer.effect(
  LiveStats,
  Effect.gen(function*() {
    const trouble = yield* Trouble
    const inner = Context.get(yield* Layer.build(MemoryLiveStats.layer), LiveStats)
    const unlessAway = <A>(run: Effect.Effect<A, LiveStatsError>) =>
      Effect.suspend(() => {
        trouble.asked.liveCalls++
        return trouble.liveIsAway ? Effect.fail(new LiveStatsError({ operation: "answer", cause: "away" })) : run
      })
    return LiveStats.of({
      name: inner.name,
      apply: (rows) =>
        trouble.failingCounts > 0
          ? Effect.suspend(() => {
            trouble.failingCounts--
            return new LiveStatsError({ operation: "count", cause: "once" })
          })
          : unlessAway(inner.apply(rows)),
      missing: (epoch, ids) => unlessAway(inner.missing(epoch, ids)),
      progress: (epoch) => unlessAway(inner.progress(epoch)),
      advance: (progress, epoch) => unlessAway(inner.advance(progress, epoch)),
      clear: unlessAway(inner.clear),
      throughput: inner.throughput,
      latencies: inner.latencies,
      recent: inner.recent,
      freshness: inner.freshness
    })
  })
)

/** All that a metrics engine needs, and what tests look at it through. */
export const layer = Layer.mergeAll(
  Memory.layerMemory,
  MemoryBroker.layer,
  Metrics.layerMemory,
  Layer.provideMerge(live, archive)
)

/** Writes rows to the log, in the order of their positions. */
export const write = Effect.fnUntraced(function*(rows: ReadonlyArray<LogRow>) {
  const { tables } = yield* MemoryDatabase
  tables.log = [...tables.log, ...rows].toSorted((a, b) => compare(a.position, b.position))
})

/** Carries to the broker what the log holds beyond the cursor, but for rows that get lost on the way. */
export const relay = Effect.fnUntraced(function*(isLost: (row: LogRow) => boolean = () => false) {
  const { tables } = yield* MemoryDatabase
  const broker = yield* Broker
  const rows = tables.log.filter(({ position }) => compare(position, tables.relay.cursor) > 0)
  yield* broker.sendLog(rows.filter((row) => !isLost(row)).map((row) => ({ row, previous: start })))
  tables.relay.cursor = rows.at(-1)?.position ?? tables.relay.cursor
})

/** Steps in which time passes, so that all who wait get their turns on the way. */
const steps = 40

/** Lets time pass. */
export const pass = (duration: Duration.Input) =>
  Effect.repeat(TestClock.adjust(Duration.toMillis(Duration.fromInputUnsafe(duration)) / steps), { times: steps - 1 })

/** All that a reader of the live numbers sees. */
export const numbers = Effect.gen(function*() {
  const stats = yield* LiveStats
  const { newestRowAt } = yield* stats.freshness
  return {
    throughput: yield* stats.throughput(0),
    latencies: yield* stats.latencies,
    recent: yield* stats.recent(recentJobsKept),
    newestRowAt
  }
})

/** What an untroubled store of live numbers makes of the rows. */
export const numbersOf = (rows: ReadonlyArray<LogRow>) =>
  Effect.flatMap(LiveStats, (stats) => Effect.andThen(stats.apply(rows), numbers)).pipe(
    Effect.provide(MemoryLiveStats.layer, { local: true })
  )

/** The sum of a metric on the page, 0 when it is not there. */
export const metric = (name: string) =>
  Effect.map(
    Effect.flatMap(Metrics, ({ render }) => render),
    (page) =>
      page.split("\n").filter((line) => line.startsWith(`${name}{`)).reduce(
        (sum, line) => sum + Number(line.split(" ").at(-1)),
        0
      )
  )

/** Closes the gate of the archive; answers how to open it. */
export const closeGate = Effect.gen(function*() {
  const trouble = yield* Trouble
  const opened = yield* Deferred.make<void>()
  const reached = yield* Deferred.make<void>()
  trouble.gate = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(opened))
  return { open: Effect.asVoid(Deferred.succeed(opened, undefined)), reached: Deferred.await(reached) }
})
