import { storeError } from "#infra/postgres/storeError.ts"
import { PgClient } from "@effect/sql-pg"
import { assert, it, layer } from "@effect/vitest"
import { Cause, Effect, Exit, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { describeWithServers } from "../../support/Servers.ts"
import * as MigratedDatabase from "./migratedDatabase.ts"

const attempt = (statement: string, kind: "read" | "write") =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => storeError("try", kind)(sql.unsafe(statement).unprepared))
const reasonOf = (statement: string, kind: "read" | "write") =>
  Effect.map(Effect.flip(attempt(statement, kind)), (error) => {
    assert.strictEqual(error.operation, "try")
    return error.reason
  })
const raising = (state: string) => `DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${state}'; END $$`

describeWithServers(["postgres"], "storeError", () => {
  layer(MigratedDatabase.layer, { excludeTestServices: true })((it) => {
    it.effect("tells what each error of PostgreSQL means to a caller", () =>
      Effect.gen(function*() {
        const reasons = {
          "22P02": "data",
          "22021": "data",
          "23505": "data",
          "23514": "data",
          "54000": "data",
          "40P01": "conflict",
          "40001": "conflict",
          "55P03": "timeout",
          "57014": "timeout",
          "25P03": "timeout",
          "53100": "unavailable",
          "53300": "unavailable",
          "57P03": "unavailable",
          "25006": "unavailable",
          "58030": "unavailable",
          "57P01": "outcome-unknown",
          "57P02": "outcome-unknown",
          "08006": "outcome-unknown"
        }
        for (const [state, reason] of Object.entries(reasons)) {
          assert.strictEqual(yield* reasonOf(raising(state), "write"), reason, state)
        }
      }))

    it.effect("knows that a read has no outcome that could be unknown", () =>
      Effect.gen(function*() {
        const closing = "SELECT pg_terminate_backend(pg_backend_pid())"

        assert.strictEqual(yield* reasonOf(closing, "write"), "outcome-unknown")
        assert.strictEqual(yield* reasonOf(closing, "read"), "unavailable")
      }))

    it.effect("calls what a statement asks wrongly a defect", () =>
      Effect.gen(function*() {
        for (const statement of ["SELEC 1", "SELECT * FROM nowhere", "SELECT 1 + '{}'::text[]"]) {
          const exit = yield* Effect.exit(attempt(statement, "read"))

          assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause), statement)
        }
      }))

    it.effect("leaves errors alone that are not of SQL", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(storeError("try", "write")(Effect.fail("mine" as const)))

        assert.strictEqual(error, "mine")
      }))
  })
})

it.live("calls a server that nobody reaches unavailable, for writes too", () =>
  Effect.gen(function*() {
    const nobody = PgClient.layer({ url: Redacted.make("postgres://127.0.0.1:1/x") })

    assert.strictEqual(yield* Effect.provide(reasonOf("SELECT 1", "write"), nobody), "unavailable")
  }))
