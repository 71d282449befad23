import { Redis } from "#infra/redis/Redis.ts"
import * as RedisLiveStats from "#infra/redis/RedisLiveStats.ts"
import { LiveStats, throughputHorizonSeconds } from "#services/ports/LiveStats.ts"
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer, Redacted, Schedule } from "effect"
import { Redis as Client } from "ioredis"
import { liveStatsBehaves } from "../../behaviour/liveStatsBehaves.ts"
import { lifeOf, logEvent, logRow } from "../../support/LogRows.ts"
import { describeWithServers, freshRedis, ownServer } from "../../support/Servers.ts"

const liveAt = (url: string, options?: RedisLiveStats.Options) =>
  Layer.build(RedisLiveStats.layer(options).pipe(Layer.provide(Redis.layer(Redacted.make(url))))).pipe(
    Effect.flatMap((context) => LiveStats.pipe(Effect.provideContext(context)))
  )

/** Redis as somebody else sees it. */
const clientAt = (url: string) =>
  Effect.acquireRelease(Effect.sync(() => new Client(url)), (client) => Effect.sync(() => client.disconnect()))

const untilItWorks = <A, E>(effect: Effect.Effect<A, E>) => Effect.retry(effect, Schedule.spaced("20 millis"))

const rowsNow = Effect.map(Clock.currentTimeMillis, (now) => lifeOf({ firstId: 1, at: now - 1_000 }))

it.live("says what URL it wants, and never repeats the one it was given", () =>
  Effect.gen(function*() {
    for (const url of ["http://:secret@host", "localhost:6379/secret", "redis//secret"]) {
      const error = yield* Effect.flip(Layer.build(Redis.layer(Redacted.make(url))))
      assert.match(String(error.cause), /expected redis:/u)
      assert.notInclude(JSON.stringify(error), "secret")
    }
  }))

describeWithServers(["redis"], "Redis", () => {
  liveStatsBehaves(
    "Redis",
    RedisLiveStats.layer().pipe(
      Layer.provide(Layer.unwrap(Effect.map(freshRedis, (url) => Redis.layer(Redacted.make(url)))))
    )
  )

  it.live("begins another generation when everything is lost, and counts the same rows again", () =>
    Effect.gen(function*() {
      const url = yield* freshRedis
      const [live, client, rows] = [yield* liveAt(url), yield* clientAt(url), yield* rowsNow]
      yield* live.apply(rows)
      const before = yield* live.progress(1)
      yield* live.advance({ ...before, verified: 2n, complete: true }, 1)

      yield* Effect.promise(() => client.flushall())

      assert.deepStrictEqual(yield* live.freshness, { newestRowAt: undefined, rebuilding: true })
      assert.isFalse(yield* live.advance({ ...before, verified: 3n, complete: true }, 1))
      assert.deepStrictEqual(yield* live.missing(1, [1n, 2n, 3n]), [1n, 2n, 3n])
      assert.strictEqual(yield* live.apply(rows), 3)
    }))

  it.live("sends its scripts again when the server has forgotten them", () =>
    Effect.gen(function*() {
      const url = yield* freshRedis
      const [live, client, rows] = [yield* liveAt(url), yield* clientAt(url), yield* rowsNow]
      yield* live.apply(rows.slice(0, 1))

      yield* Effect.promise(() => client.script("FLUSH"))

      assert.strictEqual(yield* live.apply(rows), 2)
    }))

  it.live("counts rows once that two programs apply at the same time", () =>
    Effect.gen(function*() {
      const url = yield* freshRedis
      const programs = [yield* liveAt(url), yield* liveAt(url), yield* liveAt(url)]
      const now = yield* Clock.currentTimeMillis
      const rows = Array.from({ length: 300 }, (_, index) =>
        logRow({ id: index + 1, at: now, events: [logEvent({ type: "created", at: now })] }))

      const counted = yield* Effect.forEach(programs, (live) =>
        live.apply(rows), { concurrency: "unbounded" })

      assert.strictEqual(counted.reduce((sum, one) => sum + one, 0), rows.length)
      assert.deepStrictEqual((yield* programs[0]?.throughput(0) ?? Effect.succeed([])).map(({ created }) => created), [
        300
      ])
    }))

  it.live("leaves nothing behind that grows: rates end by themselves, bitmaps when verified, old numbers when cleared", () =>
    Effect.gen(function*() {
      const url = yield* freshRedis
      const [live, client] = [yield* liveAt(url), yield* clientAt(url)]
      const now = yield* Clock.currentTimeMillis
      const at = now - 10_000
      yield* live.apply([
        ...lifeOf({ firstId: 65_534, at }),
        logRow({ id: 300_000, at, events: [logEvent({ type: "created", at })] })
      ])
      const keys = Effect.promise(() => client.keys("*"))
      const bitmaps = Effect.map(keys, (all) => all.filter((key) => key.includes(":seen:")).map((key) => key.slice(-1)))

      const ends = yield* Effect.promise(() =>
        Promise.all([client.keys("*:rate:*"), client.keys("*:latency:*"), client.keys("*:types:*")])
      ).pipe(Effect.flatMap((found) => Effect.promise(() => Promise.all(found.flat().map((key) => client.ttl(key))))))
      assert.isAtLeast(ends.length, 3)
      for (const seconds of ends) {
        assert.isAbove(seconds, throughputHorizonSeconds - 60)
        assert.isBelow(seconds, throughputHorizonSeconds + 600)
      }

      assert.sameMembers(yield* bitmaps, ["0", "1", "4"])
      yield* live.advance({ ...(yield* live.progress(1)), verified: 131_071n }, 1)
      assert.sameMembers(yield* bitmaps, ["4"])

      yield* live.clear
      assert.deepStrictEqual(yield* keys, ["{odto}:generation"])
      yield* live.apply(lifeOf({ firstId: 1, at }))
      const firstNumbers = yield* keys
      yield* live.apply([logRow({ id: 1, epoch: 2, at, events: [logEvent({ type: "created", at })] })])
      assert.deepStrictEqual((yield* keys).filter((key) => firstNumbers.includes(key)), ["{odto}:generation"])
    }))

  it.live("shares a server with others under a prefix of its own", () =>
    Effect.gen(function*() {
      const url = yield* freshRedis
      const [one, other] = [yield* liveAt(url, { prefix: "{one}:" }), yield* liveAt(url, { prefix: "{other}:" })]
      const rows = yield* rowsNow
      yield* one.apply(rows)

      yield* other.clear

      assert.deepStrictEqual(yield* other.missing(1, [1n]), [1n])
      assert.deepStrictEqual(yield* one.missing(1, [1n]), [])
    }))
})

describeWithServers(["redis"], "A Redis that fails", () => {
  it.live("fails at once and by type while it is away, and works again when it is back", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("redis")
      const [live, rows] = [yield* liveAt(server.url), yield* rowsNow]
      yield* live.apply(rows.slice(0, 1))

      yield* server.crash
      const before = yield* Clock.currentTimeMillis
      const error = yield* Effect.flip(Effect.forever(live.apply(rows)))
      const tries = yield* Effect.forEach(Array.from({ length: 100 }), () => Effect.exit(live.freshness))
      const after = yield* Clock.currentTimeMillis
      yield* server.start
      const counted = yield* untilItWorks(live.apply(rows))

      assert.strictEqual(error._tag, "LiveStatsError")
      assert.isTrue(tries.every(({ _tag }) => _tag === "Failure"))
      assert.isBelow(after - before, 1_000)
      assert.strictEqual(counted, 3)
    }))

  it.live("is not waited for when it is away at the start", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("redis")
      yield* server.stop

      const live = yield* liveAt(server.url)
      const error = yield* Effect.flip(live.freshness)
      yield* server.start
      const counted = yield* Effect.flatMap(rowsNow, (rows) => untilItWorks(live.apply(rows)))

      assert.strictEqual(error._tag, "LiveStatsError")
      assert.strictEqual(counted, 3)
    }))

  it.live("is given up when it keeps the connection and says nothing", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("redis")
      const [live, rows] = [yield* liveAt(server.url), yield* rowsNow]

      yield* server.freeze
      const error = yield* Effect.flip(live.apply(rows))
      yield* server.thaw
      yield* untilItWorks(live.apply(rows))

      assert.strictEqual(error._tag, "LiveStatsError")
      assert.deepStrictEqual((yield* live.throughput(0)).reduce((sum, { completed }) => sum + completed, 0), 1)
    }))
}, { own: true })
