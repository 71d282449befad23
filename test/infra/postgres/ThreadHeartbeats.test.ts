import { leaseMillis } from "#domain/Worker.ts"
import * as ThreadHeartbeats from "#infra/postgres/ThreadHeartbeats.ts"
import { Heartbeats } from "#services/ports/Heartbeats.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Queue, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { accept, newJob, operator, run, startWorker } from "../../support/Seed.ts"
import { describeWithServers } from "../../support/Servers.ts"
import { until } from "../../support/until.ts"
import * as MigratedDatabase from "./migratedDatabase.ts"
import * as Stores from "./stores.ts"

const everyMillis = 200
/** More than a tick. */
const hungMillis = 2_000

/** The stores, and heartbeats that are quicker than in life. */
const world = Layer.unwrap(Effect.map(
  MigratedDatabase.migratedDatabase,
  ({ layer: database, url }) =>
    Layer.mergeAll(
      Layer.provideMerge(Stores.over, database),
      ThreadHeartbeats.layer({ url, applicationName: "odto-test-heartbeat", everyMillis, hungMillis })
    )
))

/** Nothing else runs on the main loop meanwhile. */
const block = (millis: number) =>
  Effect.sync(() => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis))

describeWithServers(["postgres"], "ThreadHeartbeats", () => {
  layer(world, { excludeTestServices: true })((it) => {
    const beating = Effect.fnUntraced(function*(given: Parameters<typeof startWorker>[0] = {}) {
      const { beat } = yield* Heartbeats
      const worker = yield* startWorker(given)
      const beats = yield* Stream.toQueue(beat(worker), { capacity: 100 })
      yield* Queue.take(beats)
      return { worker, beats }
    })

    it.effect("beats on while the main loop is busy", () =>
      Effect.gen(function*() {
        const { beats } = yield* beating()
        const before = yield* Queue.take(beats)

        yield* block(1_800)

        const during = (yield* Queue.takeBetween(beats, 2, 100)).filter((beat) =>
          beat.storeTime < before.storeTime + 1_800
        )
        assert.isTrue(during.every(({ live }) => live))
        assert.isAtLeast(during.length, 2)
      }))

    it.effect("falls silent when the main loop hangs, and beats again when it turns", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { beats, worker } = yield* beating()
        const lastBeat = Effect.flatMap(
          sql<{ readonly at: number; readonly now: number }>`
            SELECT date_part('epoch', last_heartbeat_at) * 1000 AS at, date_part('epoch', clock_timestamp()) * 1000 AS now
            FROM worker WHERE id = ${worker}::uuid`,
          ([row]) => Effect.fromNullishOr(row)
        )

        yield* block(2 * hungMillis)
        const { at, now } = yield* lastBeat

        assert.isAtLeast(now - at, hungMillis - 500)
        const after = yield* until(Queue.take(beats), ({ storeTime }) => storeTime >= now)
        assert.isTrue(after.live)
      }))

    it.effect("tells of jobs that are to be cancelled", () =>
      Effect.gen(function*() {
        const store = yield* JobStore
        const job = newJob()
        yield* accept(job)
        const { beats, worker } = yield* beating({ types: [job.type] })
        yield* run(worker, job)
        yield* store.cancel(job.id, operator)

        const told = yield* until(Queue.take(beats), ({ cancel }) => cancel.length > 0)

        assert.deepStrictEqual(told.cancel, [job.id])
      }))

    it.effect("ends with the answer that the lease was ended", () =>
      Effect.gen(function*() {
        const { beat } = yield* Heartbeats
        const workers = yield* WorkerStore
        const worker = yield* startWorker({})
        yield* workers.reap({ everyone: true, limit: 1 })

        const [last, ...others] = yield* Stream.runCollect(beat(worker))

        assert.deepStrictEqual([last?.live, others], [false, []])
      }))

    it.effect("leaves no connection behind", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const connections = Effect.map(
          sql`SELECT pid FROM pg_stat_activity WHERE application_name = 'odto-test-heartbeat'`,
          (rows) => rows.length
        )
        const during = yield* Effect.scoped(Effect.andThen(beating(), connections))

        yield* until(connections, (count) => count < during)

        assert.isAtLeast(during, 1)
      }))

    it.effect("survives a connection that breaks within the lease", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { beats } = yield* beating()
        const before = yield* Queue.take(beats)
        yield* sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'odto-test-heartbeat'`

        const after = yield* until(Queue.take(beats), ({ storeTime }) => storeTime > before.storeTime + everyMillis)

        assert.isTrue(after.live)
        assert.isAtMost(after.storeTime - before.storeTime, leaseMillis)
      }))
  })
})
