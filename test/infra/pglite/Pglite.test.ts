import { sqlState } from "#infra/postgres/storeError.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { freshEmbedded } from "../../support/Embedded.ts"

/** The largest batch that is accepted in one request. */
const largestBatch = 5_000

layer(freshEmbedded, { excludeTestServices: true, timeout: 60_000 })("Pglite", (it) => {
  it.effect("answers statements of many fibers, each with its own answer, failures in between included", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient

      const answers = yield* Effect.all(
        Array.from(
          { length: 200 },
          (_, n) => Effect.result(n % 5 === 0 ? sql`SELECT ${n}::int4 / 0 AS n` : sql`SELECT ${n}::int4 AS n`)
        ),
        { concurrency: "unbounded" }
      )

      for (const [n, answer] of answers.entries()) {
        if (answer._tag === "Success") assert.deepStrictEqual(answer.success, [{ n }])
        else assert.strictEqual(sqlState(answer.failure.reason.cause), "22012")
        assert.strictEqual(answer._tag, n % 5 === 0 ? "Failure" : "Success")
      }
    }))

  it.effect("tells constraint violations as what they are", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE one (id int4 CONSTRAINT only_once PRIMARY KEY)`
      yield* sql`INSERT INTO one VALUES (1)`

      const { reason } = yield* Effect.flip(sql`INSERT INTO one VALUES (1)`)

      assert(reason._tag === "UniqueViolation")
      assert.strictEqual(reason.constraint, "only_once")
    }))

  it.effect("keeps what a transaction commits, undoes what it does not, and lets nobody in between", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE balance (n int4)`
      yield* sql`INSERT INTO balance VALUES (0)`
      const raise = sql.withTransaction(Effect.gen(function*() {
        const [row] = yield* sql<{ readonly n: number }>`SELECT n FROM balance`
        yield* Effect.yieldNow
        yield* sql`UPDATE balance SET n = ${(row?.n ?? 0) + 1}`
      }))
      const inVain = sql.withTransaction(Effect.andThen(sql`UPDATE balance SET n = 1000`, Effect.fail("no")))

      const exits = yield* Effect.all(
        Array.from({ length: 40 }, (_, n) => Effect.exit(n % 4 === 0 ? inVain : raise)),
        { concurrency: "unbounded" }
      )

      assert.strictEqual(exits.filter(Exit.isSuccess).length, 30)
      assert.deepStrictEqual(yield* sql`SELECT n FROM balance`, [{ n: 30 }])
    }))

  it.effect("goes on after a statement of a transaction was interrupted, without what the transaction did", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE left_over (id int4)`
      const asleep = yield* Effect.forkChild(
        sql.withTransaction(Effect.andThen(sql`INSERT INTO left_over VALUES (1)`, sql`SELECT pg_sleep(0.3)`))
      )
      const beside = yield* Effect.forkChild(sql`SELECT 1 AS one`)
      yield* Effect.sleep("50 millis")

      yield* Fiber.interrupt(asleep)

      assert.deepStrictEqual(yield* Fiber.join(beside), [{ one: 1 }])
      assert.deepStrictEqual(yield* sql`SELECT id FROM left_over`, [])
    }))

  it.effect("does not disturb others when one statement of many is interrupted", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const asleep = yield* Effect.forkChild(sql`SELECT pg_sleep(0.2)`, { startImmediately: true })
      const others = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 20 }, (_, n) => sql`SELECT ${n}::int4 AS n`), { concurrency: "unbounded" }),
        { startImmediately: true }
      )

      yield* Fiber.interrupt(asleep)

      assert.deepStrictEqual((yield* Fiber.join(others)).flat(), Array.from({ length: 20 }, (_, n) => ({ n })))
    }))

  it.effect("takes the largest batch in one statement", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE batch (id uuid PRIMARY KEY, type text, payload json, n int4)`
      const ids = Array.from({ length: largestBatch }, () => crypto.randomUUID())
      const payloads = ids.map((id) => JSON.stringify({ id, padding: "x".repeat(500) }))
      const types = ids.map(() => "demo.noop")

      const inserted = yield* sql<{ readonly id: string }>`
        INSERT INTO batch SELECT * FROM
          unnest(${ids}::uuid[], ${types}::text[], ${payloads}::json[], ${ids.map((_, n) => n)}::int4[])
        RETURNING id`

      assert.deepStrictEqual(inserted.map(({ id }) => id), ids)
      const rows = yield* sql<{ readonly payload: { readonly id: string } }>`SELECT payload FROM batch ORDER BY n`
      assert.deepStrictEqual(rows.map(({ payload }) => payload.id), ids)
    }))

  it.effect("carries values of nearly 16 MB in both directions", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const large = "observatory".repeat(1_500_000)

      const [row] = yield* sql<{ readonly same: string }>`SELECT ${large}::text AS same`

      assert.isTrue(row?.same === large)
    }))

  it.effect("gives up an answer that is too large for the client, and goes on in a new session", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient

      yield* Effect.flip(sql`SELECT repeat('x', 17 * 1024 * 1024) AS too_large`)

      assert.deepStrictEqual(yield* sql`SELECT 1 AS one`, [{ one: 1 }])
    }))

  it.effect("parses a prepared statement again when a table has changed under it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE growing (id int4)`
      yield* sql`INSERT INTO growing VALUES (1)`
      const all = sql`SELECT * FROM growing`
      yield* all
      yield* all

      yield* sql`ALTER TABLE growing ADD COLUMN name text DEFAULT 'new'`

      assert.deepStrictEqual(yield* all, [{ id: 1, name: "new" }])
    }))

  it.effect("gives a transaction the session to itself: others wait until it ends", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const order: Array<string> = []
      const waiting = yield* Effect.forkChild(
        sql.withTransaction(Effect.gen(function*() {
          yield* sql`SELECT 1`
          yield* Effect.sleep("50 millis")
          order.push("transaction")
        })),
        { startImmediately: true }
      )
      yield* Effect.andThen(sql`SELECT 1`, Effect.sync(() => order.push("other")))
      yield* Fiber.join(waiting)

      assert.deepStrictEqual(order, ["transaction", "other"])
    }))
})
