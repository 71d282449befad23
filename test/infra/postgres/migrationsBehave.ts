/** What migrations must do on every database. */
import * as Migrations from "#infra/postgres/Migrations.ts"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

const first = { "0001_first": ["CREATE TABLE a (id int4)", "INSERT INTO a VALUES (1)"] }
const both = {
  ...first,
  "0002_second": [
    `CREATE FUNCTION double(n int4) RETURNS int4 LANGUAGE plpgsql AS $$
      DECLARE twice int4;
      BEGIN twice := n * 2; RETURN twice; END; $$`,
    "INSERT INTO a SELECT double(id) FROM a"
  ]
}

const ids = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => Effect.map(sql<{ readonly id: number }>`SELECT id FROM a ORDER BY id`, (rows) => rows.map(({ id }) => id))
)

/** `test` runs each body on an empty database. */
export const migrationsBehave = (
  test: (name: string, body: Effect.Effect<void, unknown, SqlClient.SqlClient>) => void
) => {
  test(
    "applies in the order of versions what is missing, functions with semicolons included",
    Effect.gen(function*() {
      const once = yield* Migrations.migrate(first)
      const again = yield* Migrations.migrate(first)
      const further = yield* Migrations.migrate(both)

      assert.deepStrictEqual(once, { applied: ["0001_first"], version: 1 })
      assert.deepStrictEqual(again, { applied: [], version: 1 })
      assert.deepStrictEqual(further, { applied: ["0002_second"], version: 2 })
      assert.deepStrictEqual(yield* ids, [1, 2])
    })
  )

  test(
    "refuses a database that is newer than the program, and changes nothing",
    Effect.gen(function*() {
      yield* Migrations.migrate(both)

      const refused = yield* Effect.flip(Migrations.migrate(first))

      assert(refused._tag === "SchemaTooNew")
      assert.deepStrictEqual({ found: refused.found, known: refused.known }, { found: 2, known: 1 })
      assert.strictEqual(yield* Migrations.currentVersion, 2)
    })
  )

  test(
    "refuses a database that has applied something else under the same version",
    Effect.gen(function*() {
      yield* Migrations.migrate({ "0001_other": ["CREATE TABLE a (id int4)"] })

      const refused = yield* Effect.flip(Migrations.migrate(both))

      assert.strictEqual(refused._tag, "SchemaDiffers")
      assert.deepStrictEqual(yield* ids, [])
    })
  )

  test(
    "undoes a migration that fails half-way, names the statement, keeps those before it and can be repeated",
    Effect.gen(function*() {
      const broken = { ...first, "0002_second": ["INSERT INTO a VALUES (7)", "INSERT INTO nowhere VALUES (1)"] }

      const failed = yield* Effect.flip(Migrations.migrate(broken))

      assert(failed._tag === "MigrationFailed")
      assert.strictEqual(failed.migration, "0002_second")
      assert.include(failed.message, `relation "nowhere" does not exist`)
      assert.strictEqual(yield* Migrations.currentVersion, 1)
      assert.deepStrictEqual(yield* ids, [1])
      yield* Migrations.migrate(both)
      assert.deepStrictEqual(yield* ids, [1, 2])
    })
  )

  test(
    "tells a program whether the database has what it needs",
    Effect.gen(function*() {
      assert.strictEqual(yield* Migrations.currentVersion, 0)
      yield* Migrations.migrate(first)

      yield* Migrations.requireVersion(Migrations.latestVersion(first))
      const behind = yield* Effect.flip(Migrations.requireVersion(Migrations.latestVersion(both)))

      assert.strictEqual(behind._tag, "SchemaTooOld")
    })
  )
}
