import type { LogRow } from "#domain/JobEvent.ts"
import { compare, type Position, start } from "#domain/Position.ts"
import { Broker } from "#services/ports/Broker.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import * as MemoryBroker from "#services/ports/memory/MemoryBroker.ts"
import { Metrics } from "#services/ports/Metrics.ts"
import { StoreError } from "#services/ports/StoreError.ts"
import { bufferRows } from "#services/read-model/FeedBuffer.ts"
import { type FeedItem, LiveFeed, maxReaders } from "#services/read-model/LiveFeed.ts"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Queue, Ref, Stream } from "effect"
import { TestClock } from "effect/testing"
import { logEvent, logRow } from "../../support/LogRows.ts"

/** The log as a test writes it. */
class Log extends Context.Service<Log, {
  /** Writes rows; `told`: the relay sends them on. */
  readonly write: (count: number, told: boolean) => Effect.Effect<void>
  /** Sends the newest row on, with the true position before it. */
  readonly tellLast: Effect.Effect<void>
  readonly prune: (upTo: number) => Effect.Effect<void>
  readonly restore: Effect.Effect<void>
  readonly away: (isAway: boolean) => Effect.Effect<void>
}>()("test/Log") {}

const unavailable = new StoreError({ operation: "read", reason: "unavailable", cause: "ordered" })

const layerLog = Layer.effectContext(Effect.gen(function*() {
  const broker = yield* Broker
  let rows: Array<LogRow> = []
  let isAway = false
  let epoch = 1
  let next = 1
  const read = <A>(f: () => A) => Effect.suspend(() => isAway ? Effect.fail(unavailable) : Effect.succeed(f()))
  const tell = (row: LogRow, previous: Position) => Effect.orDie(broker.sendLog([{ row, previous }]))
  const log = Layer.mock(EventLog, {
    after: (position, limit) => read(() => rows.filter((row) => compare(row.position, position) > 0).slice(0, limit)),
    head: read(() => ({
      epoch,
      closed: rows.at(-1)?.position ?? start,
      oldest: rows[0]?.position,
      relayed: start,
      relayLagMillis: 0
    }))
  })
  const control = Log.of({
    write: (count, told) =>
      Effect.gen(function*() {
        for (let n = 0; n < count; n++) {
          const id = next++
          const previous = rows.at(-1)?.position ?? start
          const row = logRow({ id, at: id, epoch, events: [logEvent({ type: "created", at: id })] })
          rows.push(row)
          if (told) yield* tell(row, previous)
        }
      }),
    tellLast: Effect.suspend(() => {
      const row = rows.at(-1)
      return row === undefined ? Effect.void : tell(row, rows.at(-2)?.position ?? start)
    }),
    prune: (upTo) =>
      Effect.sync(() => {
        rows = rows.filter((row) => row.position.id > BigInt(upTo))
      }),
    restore: Effect.sync(() => {
      epoch += 1
      rows = rows.slice(0, 1).map((row) => Object.assign({}, row, { epoch }))
      next = 2
    }),
    away: (now) =>
      Effect.sync(() => {
        isAway = now
      })
  })
  return Context.merge(Context.make(Log, control), yield* Layer.build(log))
}))

const backing = layerLog.pipe(
  Layer.provideMerge(Layer.mergeAll(MemoryBroker.layerWith({}), Metrics.layerMemory))
)
const Fed = Layer.fresh(Layer.provideMerge(LiveFeed.layer, backing))

/** Reads a stream in the background; answers what came so far, and can be stopped. */
const reading = Effect.fnUntraced(function*(from?: string) {
  const feed = yield* LiveFeed
  const items = yield* Ref.make<ReadonlyArray<FeedItem>>([])
  const stream = yield* feed.follow(from)
  const fiber = yield* Stream.runForEach(stream, (item) => Ref.update(items, (all) => [...all, item])).pipe(
    Effect.forkScoped({ startImmediately: true })
  )
  return { items: Ref.get(items), fiber }
})
const rowIds = (items: ReadonlyArray<FeedItem>) =>
  items.flatMap((item) => item._tag === "Row" ? [Number(item.row.position.id)] : [])
const tags = (items: ReadonlyArray<FeedItem>) => items.map((item) => item._tag)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
/** Past the sweep behind the broker. */
const settled = TestClock.adjust("2 seconds")

describe("LiveFeed", () => {
  it.effect("says first where the stream begins, then every row as it is written", () =>
    Effect.gen(function*() {
      const log = yield* Log
      yield* log.write(2, true)
      const { items } = yield* reading()
      yield* settled
      yield* log.write(3, true)
      yield* settled

      const seen = yield* items
      assert.strictEqual(seen[0]?._tag, "Quiet")
      assert.strictEqual(seen[0]?.id, "1:2.2")
      assert.deepStrictEqual(rowIds(seen), [3, 4, 5])
    }).pipe(Effect.provide(Fed)))

  it.effect("fetches what the broker lost from the log", () =>
    Effect.gen(function*() {
      const log = yield* Log
      const { items } = yield* reading()
      yield* settled
      yield* log.write(5, false)
      yield* log.tellLast
      yield* TestClock.adjust(1)

      assert.deepStrictEqual(rowIds(yield* items), [1, 2, 3, 4, 5])
    }).pipe(Effect.provide(Fed)))

  it.effect("looks into the log every second while the broker is silent", () =>
    Effect.gen(function*() {
      const log = yield* Log
      const { items } = yield* reading()
      yield* settled
      yield* log.write(45, false)
      yield* settled

      assert.deepStrictEqual(rowIds(yield* items), range(1, 45))
    }).pipe(Effect.provide(Fed)))

  it.effect("hears nothing twice when the broker repeats itself", () =>
    Effect.gen(function*() {
      const log = yield* Log
      const { items } = yield* reading()
      yield* settled
      yield* log.write(2, true)
      yield* log.tellLast
      yield* log.tellLast
      yield* settled

      assert.deepStrictEqual(rowIds(yield* items), [1, 2])
    }).pipe(Effect.provide(Fed)))

  it.effect("goes on without a gap after every restart of the program, wherever the client was", () =>
    Effect.gen(function*() {
      const log = yield* Log
      const seen: Array<number> = []
      let position: string | undefined
      for (const written of [7, 0, 60, 1, 25]) {
        // A new program each time; the client comes back with the last id that it saw.
        const items = yield* Effect.gen(function*() {
          const { items } = yield* reading(position)
          yield* settled
          yield* log.write(written, written % 2 === 0)
          yield* settled
          return yield* items
        }).pipe(Effect.scoped, Effect.provide(Layer.fresh(LiveFeed.layer)))
        assert.notInclude(tags(items), "Reset")
        seen.push(...rowIds(items))
        position = items.at(-1)?.id
        yield* log.write(3, true) // while nobody reads
      }
      yield* reading(position).pipe(
        Effect.tap(settled),
        Effect.flatMap(({ items }) => items),
        Effect.map((items) => seen.push(...rowIds(items))),
        Effect.scoped,
        Effect.provide(Layer.fresh(LiveFeed.layer))
      )

      assert.deepStrictEqual(seen, range(1, 7 + 60 + 1 + 25 + 5 * 3))
    }).pipe(Effect.provide(backing)))

  it.effect("lets a client that falls past the buffer read on from the log, without a gap", () =>
    Effect.gen(function*() {
      const log = yield* Log
      const feed = yield* LiveFeed
      const stream = yield* feed.follow("1:0.0")
      const gate = yield* Queue.bounded<FeedItem>(1) // a client that takes nothing for now
      yield* Stream.runForEach(stream, (item) => Queue.offer(gate, item)).pipe(Effect.forkScoped)
      yield* settled
      yield* log.write(bufferRows + 500, true)
      yield* settled
      const seen: Array<FeedItem> = []
      while (rowIds(seen).at(-1) !== bufferRows + 500) seen.push(yield* Queue.take(gate))

      assert.deepStrictEqual(rowIds(seen), range(1, bufferRows + 500))
      assert.notInclude(tags(seen), "Reset")
    }).pipe(Effect.provide(Fed)))

  it.effect("says reset, and goes on from now, when the log no longer reaches back to the position", () =>
    Effect.gen(function*() {
      const log = yield* Log
      const metrics = yield* Metrics
      yield* log.write(10, true)
      yield* log.prune(8)
      const { items } = yield* reading("1:3.3")
      yield* settled
      yield* log.write(1, true)
      yield* settled

      const seen = yield* items
      assert.deepInclude(seen, { _tag: "Reset", reason: "expired", id: "1:10.10" })
      assert.deepStrictEqual(rowIds(seen), [11])
      assert.include(yield* metrics.render, "odto_sse_resets_total{reason=\"expired\"} 1")
    }).pipe(Effect.provide(Fed)))

  for (
    const [what, position, reason] of [
      ["is of another epoch", "2:1.1", "epoch"],
      ["was never given out", "1:999.999", "unknown"],
      ["is not a position", "yesterday", "unknown"]
    ] as const
  ) {
    it.effect(`says reset when the position ${what}`, () =>
      Effect.gen(function*() {
        const log = yield* Log
        yield* log.write(2, true)
        const { items } = yield* reading(position)
        yield* settled

        assert.deepStrictEqual((yield* items)[0], { _tag: "Reset", reason, id: "1:2.2" })
      }).pipe(Effect.provide(Fed)))
  }

  it.effect("tells open streams when the store was restored", () =>
    Effect.gen(function*() {
      const log = yield* Log
      yield* log.write(5, true)
      const { items } = yield* reading()
      yield* settled
      yield* log.restore
      yield* log.write(1, true)
      yield* settled
      yield* log.write(1, true)
      yield* settled

      const seen = yield* items
      assert.include(seen.map((item) => item._tag === "Reset" ? item.reason : undefined), "epoch")
      assert.strictEqual(seen.at(-1)?.id, "2:3.3")
    }).pipe(Effect.provide(Fed)))

  it.effect("waits while the store is away, and misses nothing", () =>
    Effect.gen(function*() {
      const log = yield* Log
      yield* log.write(30, true)
      const { items } = yield* reading("1:1.1")
      yield* log.away(true)
      yield* settled
      yield* log.write(3, false)
      yield* settled
      yield* log.away(false)
      yield* TestClock.adjust("5 seconds")

      assert.deepStrictEqual(rowIds(yield* items), range(2, 33))
    }).pipe(Effect.provide(Fed)))

  it.effect("says that it lives when nothing happens", () =>
    Effect.gen(function*() {
      const { items } = yield* reading()
      yield* TestClock.adjust("31 seconds")

      assert.deepStrictEqual(tags(yield* items), ["Quiet", "Quiet", "Quiet"])
    }).pipe(Effect.provide(Fed)))

  it.effect("ends all streams at once when it is told to", () =>
    Effect.gen(function*() {
      const feed = yield* LiveFeed
      const metrics = yield* Metrics
      const { fiber } = yield* reading()
      yield* settled
      assert.include(yield* metrics.render, "odto_sse_clients{} 1")
      yield* feed.end
      yield* Fiber.join(fiber)

      assert.include(yield* metrics.render, "odto_sse_clients{} 0")
    }).pipe(Effect.provide(Fed)))

  it.effect("refuses more streams than it may serve", () =>
    Effect.gen(function*() {
      const feed = yield* LiveFeed
      yield* Effect.forEach(range(1, maxReaders), () => reading(), { discard: true })
      yield* settled
      const refusal = yield* Effect.flip(feed.follow(undefined))

      assert.strictEqual(refusal._tag, "TooManyReaders")
    }).pipe(Effect.provide(Fed)))
})
