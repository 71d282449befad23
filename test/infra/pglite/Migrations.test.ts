import { layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { freshEmbedded } from "../../support/Embedded.ts"
import { migrationsBehave } from "../postgres/migrationsBehave.ts"

/** As a new database is; much quicker than one. */
const emptied = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`DROP SCHEMA public CASCADE`
  yield* sql`CREATE SCHEMA public`
})

layer(freshEmbedded, { excludeTestServices: true, timeout: 60_000 })("Migrations, embedded", (it) => {
  migrationsBehave((name, body) => it.effect(name, () => Effect.andThen(emptied, body)))
})
