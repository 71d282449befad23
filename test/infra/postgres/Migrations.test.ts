import * as Migrations from "#infra/postgres/Migrations.ts"
import * as Postgres from "#infra/postgres/Postgres.ts"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { describeWithServers, freshDatabase } from "../../support/Servers.ts"
import { migrationsBehave } from "./migrationsBehave.ts"

const database = Layer.unwrap(
  Effect.map(freshDatabase, (url) => Postgres.layer({ url: Redacted.make(url), applicationName: "odto-test" }))
)

describeWithServers(["postgres"], "Migrations", () => {
  migrationsBehave((name, body) => it.live(name, () => Effect.provide(body, database, { local: true })))

  it.live("lets one of several programs migrate while the others wait", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const migrations = {
        "0001_slow": ["CREATE TABLE once (id int4)", "INSERT INTO once VALUES (1)", "SELECT pg_sleep(0.2)"],
        "0002_more": ["INSERT INTO once VALUES (2)"]
      }
      const program = Effect.provide(
        Migrations.migrate(migrations),
        Postgres.layer({ url: Redacted.make(url), applicationName: "odto-test", maxConnections: 1 }),
        { local: true }
      )

      const done = yield* Effect.all([program, program, program, program], { concurrency: "unbounded" })

      assert.deepStrictEqual(done.map(({ version }) => version), [2, 2, 2, 2])
      assert.deepStrictEqual(done.flatMap(({ applied }) => applied), ["0001_slow", "0002_more"])
      const rows = yield* Effect.provide(
        Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT id FROM once ORDER BY id`),
        Postgres.layer({ url: Redacted.make(url), applicationName: "odto-test" })
      )
      assert.deepStrictEqual(rows, [{ id: 1 }, { id: 2 }])
    }))
})
