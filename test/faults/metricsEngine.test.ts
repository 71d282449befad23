import { Mongo } from "#infra/mongo/Mongo.ts"
import * as MongoEventArchive from "#infra/mongo/MongoEventArchive.ts"
import { Redis } from "#infra/redis/Redis.ts"
import * as RedisLiveStats from "#infra/redis/RedisLiveStats.ts"
import * as MetricsEngine from "#services/metrics-engine/MetricsEngine.ts"
import { EventArchive } from "#services/ports/EventArchive.ts"
import { LiveStats } from "#services/ports/LiveStats.ts"
import * as Memory from "#services/ports/memory/Memory.ts"
import * as MemoryBroker from "#services/ports/memory/MemoryBroker.ts"
import { Metrics } from "#services/ports/Metrics.ts"
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer, Redacted, Schedule } from "effect"
import { numbers, numbersOf, relay, write } from "../services/metrics-engine/Spine.ts"
import { lifeOf } from "../support/LogRows.ts"
import { describeWithServers, type OwnServer, ownServer } from "../support/Servers.ts"
import { until } from "../support/until.ts"

const around = (mongo: OwnServer, redis: OwnServer) =>
  MetricsEngine.layer().pipe(
    Layer.provideMerge(Layer.mergeAll(
      Memory.layerMemory,
      MemoryBroker.layer,
      Metrics.layerMemory,
      MongoEventArchive.layer().pipe(Layer.provide(Mongo.layer(Redacted.make(mongo.url)))),
      RedisLiveStats.layer().pipe(Layer.provide(Redis.layer(Redacted.make(redis.url))))
    ))
  )

/** Jobs accepted, started and completed while the servers come and go. */
const rounds = 60
const jobsPerRound = 10

describeWithServers(["mongodb", "redis"], "A metrics engine whose servers fail", () => {
  it.live("archives every row once and comes to exact numbers", () =>
    Effect.gen(function*() {
      const [mongo, redis] = [yield* ownServer("mongodb"), yield* ownServer("redis")]
      const trouble: Record<number, Effect.Effect<void>> = {
        10: redis.crash,
        20: mongo.crash,
        25: redis.start, // with nothing in it
        30: mongo.start,
        40: redis.freeze,
        45: redis.thaw,
        50: Effect.andThen(mongo.crash, mongo.start)
      }

      const [archived, shown, expected] = yield* Effect.gen(function*() {
        const [archive, live] = [yield* EventArchive, yield* LiveStats]
        const rows = []
        for (let round = 0; round < rounds; round++) {
          const at = yield* Clock.currentTimeMillis
          const fresh = Array.from({ length: jobsPerRound }, (_, job) =>
            lifeOf({ firstId: 1 + 3 * (round * jobsPerRound + job), at, waitMillis: job, runMillis: round })).flat()
          yield* write(fresh)
          yield* relay()
          rows.push(...fresh)
          yield* trouble[round] ?? Effect.sleep("20 millis")
        }
        const persistently = Effect.retry(Schedule.spaced("50 millis"))
        const ids = rows.map(({ position }) =>
          position.id
        )
        yield* until(persistently(archive.absent(1, ids)), (absent) => absent.length === 0)
        yield* until(persistently(live.missing(1, ids)), (missing) => missing.length === 0)
        yield* until(persistently(live.freshness), ({ rebuilding }) => !rebuilding)
        return [yield* archive.scan(1, 0n, 10_000), yield* numbers, yield* numbersOf(rows)] as const
      }).pipe(Effect.provide(around(mongo, redis)))

      assert.lengthOf(archived, 3 * rounds * jobsPerRound)
      assert.deepStrictEqual(shown, expected)
    }))
}, { own: true })
