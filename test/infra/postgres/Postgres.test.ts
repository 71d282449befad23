import * as Postgres from "#infra/postgres/Postgres.ts"
import { sqlState } from "#infra/postgres/storeError.ts"
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Redacted } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { createServer } from "node:net"
import { describeWithServers, freshDatabase, ownServer } from "../../support/Servers.ts"

const clientOf = (url: string, options: Partial<Postgres.Options> = {}) =>
  Postgres.layer({ url: Redacted.make(url), applicationName: "odto-test", ...options })

/** Why a client cannot be had. */
const refusal = (url: string, options: Partial<Postgres.Options> = {}) =>
  Effect.flip(Effect.scoped(Layer.build(clientOf(url, options))))

/** A port on which nobody listens. */
const freePort = Effect.promise(() =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })
)

/** A server that goes down tells some of its sessions (57P01) and just leaves the others. */
const isBrokenConnection = (error: unknown): boolean =>
  SqlError.isSqlError(error) &&
  (error.reason._tag === "ConnectionError" || sqlState(error.reason.cause) === "57P01")

describeWithServers(["postgres"], "Postgres", () => {
  it.live("gives every session the settings that the protocol relies on", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const settings = yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        return yield* sql<{ readonly name: string; readonly setting: string }>`
          SELECT name, setting FROM pg_settings WHERE name IN ('synchronous_commit', 'lock_timeout',
            'idle_in_transaction_session_timeout', 'statement_timeout', 'application_name') ORDER BY name`
      }).pipe(Effect.provide(clientOf(url)))

      assert.deepStrictEqual(Object.fromEntries(settings.map(({ name, setting }) => [name, setting])), {
        application_name: "odto-test",
        idle_in_transaction_session_timeout: "5000",
        lock_timeout: "5000",
        statement_timeout: "30000",
        synchronous_commit: "on"
      })
    }))

  it.live("says at once which database does not exist, and never the password", () =>
    Effect.gen(function*() {
      const url = new URL(yield* freshDatabase)
      url.pathname = "/nowhere"
      url.password = "sesame"

      const error = yield* refusal(url.href)

      assert.strictEqual(error.port, Number(url.port))
      assert.strictEqual(error.database, "nowhere")
      assert.include(error.message, `database "nowhere" does not exist`)
      assert.notInclude(JSON.stringify(error) + String(error) + (error.stack ?? ""), "sesame")
    }))

  it.live("waits for a server that starts later than we do", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("postgres")
      yield* server.stop
      const waiting = yield* Effect.forkChild(
        Effect.scoped(Layer.build(clientOf(server.url, { patience: Duration.seconds(30) }))),
        { startImmediately: true }
      )

      yield* server.start

      yield* Fiber.join(waiting)
    }))

  it.live("heals by itself after the server was killed and started again", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("postgres")
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        yield* sql`CREATE TABLE kept (id int4 PRIMARY KEY)`
        // every session of the pool is in use when the server dies
        const asleep = yield* Effect.forkChild(
          Effect.all(Array.from({ length: 4 }, () => Effect.flip(sql`SELECT pg_sleep(60)`)), {
            concurrency: "unbounded"
          })
        )
        yield* sql`INSERT INTO kept VALUES (1)`

        yield* server.crash
        const broken = yield* Fiber.join(asleep)
        const refused = yield* Effect.flip(sql`SELECT 1`)
        yield* server.start
        const found = yield* Effect.all(
          Array.from({ length: 8 }, () => sql<{ readonly id: number }>`SELECT id FROM kept`),
          { concurrency: "unbounded" }
        )

        assert.strictEqual(broken.length, 4)
        assert.isTrue(broken.every(isBrokenConnection))
        assert.strictEqual(refused.reason._tag, "ConnectionError")
        assert.deepStrictEqual(found, Array.from({ length: 8 }, () => [{ id: 1 }]))
      }).pipe(Effect.provide(clientOf(server.url, { maxConnections: 5 })))
    }))

  it.live("keeps the failure of a transaction whose connection breaks", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("postgres")
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const crashed = yield* Effect.flip(sql.withTransaction(Effect.gen(function*() {
          yield* sql`SELECT 1`
          yield* server.crash
          yield* sql`SELECT 2`
        })))
        yield* server.start
        const gaveUp = yield* Effect.flip(sql.withTransaction(
          sql.withTransaction(Effect.andThen(server.crash, Effect.fail("gave up")))
        ))

        assert.isTrue(isBrokenConnection(crashed))
        assert.strictEqual(gaveUp, "gave up")
      }).pipe(Effect.provide(clientOf(server.url)))
    }))

  it.live("goes on when sessions were ended while they were idle", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* Effect.all(Array.from({ length: 3 }, () => sql`SELECT pg_sleep(0.05)`), { concurrency: "unbounded" })
        yield* Effect.scoped(Effect.gen(function*() {
          const killer = yield* Layer.build(clientOf(url, { applicationName: "killer" }))
          yield* Effect.provide(
            Effect.gen(function*() {
              const sql = yield* SqlClient.SqlClient
              yield* sql`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'odto-test'`
            }),
            killer
          )
        }))

        const rows = yield* Effect.retry(sql`SELECT 1 AS one`, { times: 3, while: SqlError.isSqlError })

        assert.deepStrictEqual(rows, [{ one: 1 }])
      }).pipe(Effect.provide(clientOf(url, { maxConnections: 3 })))
    }))
})

it.live("names host, port and reason when nobody listens, after a bounded time", () =>
  Effect.gen(function*() {
    const port = yield* freePort
    const url = `postgres://odto:sesame@127.0.0.1:${port}/observatory`

    const error = yield* refusal(url, { patience: Duration.millis(300) })

    assert.strictEqual(error.host, "127.0.0.1")
    assert.strictEqual(error.port, port)
    assert.strictEqual(error.database, "observatory")
    assert.include(error.message, "ECONNREFUSED")
    assert.notInclude(JSON.stringify(error) + String(error), "sesame")
  }))

it.effect("refuses what is no URL of PostgreSQL without waiting", () =>
  Effect.gen(function*() {
    const wrong = yield* refusal("mysql://odto:sesame@db/observatory")
    const broken = yield* refusal("sesame")

    assert.include(wrong.message, "not a postgres:// URL")
    assert.notInclude(JSON.stringify(broken) + String(broken), "sesame")
  }))
