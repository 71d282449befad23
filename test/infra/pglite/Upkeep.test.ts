import * as Upkeep from "#infra/pglite/Upkeep.ts"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { freshEmbedded } from "../../support/Embedded.ts"
import { until } from "../../support/until.ts"

it.live("vacuums the tables whose rows have changed much, so that they do not grow for ever", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE quiet (id int4)`
    yield* sql`INSERT INTO quiet SELECT generate_series(1, 10)`
    yield* sql`CREATE TABLE "Busy" (id int4 PRIMARY KEY, n int4)`
    yield* sql`INSERT INTO "Busy" SELECT i, 0 FROM generate_series(1, 2000) AS i`
    yield* sql`CREATE INDEX ON "Busy" (n)`
    const sizes: Array<number> = []

    for (let round = 0; round < 6; round++) {
      yield* sql`UPDATE "Busy" SET n = n + 1`
      yield* sql`SELECT pg_stat_force_next_flush()`
      const vacuumed = yield* Upkeep.vacuum(sql)
      assert.include(vacuumed, `"Busy"`)
      assert.notInclude(vacuumed, "quiet")
      const [row] = yield* sql<{ readonly bytes: number }>`SELECT pg_relation_size('"Busy"')::int4 AS bytes`
      sizes.push(row?.bytes ?? 0)
    }

    assert.deepStrictEqual(yield* Upkeep.vacuum(sql), [])
    assert.strictEqual(sizes.at(-1), sizes.at(2))
  }).pipe(Effect.provide(freshEmbedded)))

it.live("goes on after its connection was lost", () =>
  Effect.gen(function*() {
    let asked = 0
    const lost = new SqlError.SqlError({ reason: new SqlError.ConnectionError({ cause: new Error("lost") }) })
    const broken = new Proxy(yield* SqlClient.SqlClient, {
      apply: () => Effect.suspend(() => Effect.fail(lost).pipe(Effect.tapError(() => Effect.sync(() => asked++))))
    })
    yield* Effect.scoped(Effect.andThen(
      Upkeep.run(broken),
      until(Effect.sync(() => asked), (times) => times >= 4)
    ))

    assert.isAtLeast(asked, 4)
  }).pipe(Effect.provide(freshEmbedded)))

it.live("writes a checkpoint when the log has grown, and only then", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const tooMuch = 70 * 1024 * 1024
    yield* sql`CREATE TABLE large (body text STORAGE EXTERNAL)`
    const before = yield* Upkeep.checkpoint(sql)

    // in one transaction, so that the upkeep of the database itself comes too late
    const after = yield* sql.withTransaction(Effect.gen(function*() {
      yield* sql`INSERT INTO large SELECT repeat('x', 1024 * 1024) FROM generate_series(1, ${tooMuch / 1024 / 1024})`
      return yield* Upkeep.checkpoint(sql)
    }))

    assert.isFalse(before)
    assert.isTrue(after)
    assert.isFalse(yield* Upkeep.checkpoint(sql))
  }).pipe(Effect.provide(freshEmbedded)))
