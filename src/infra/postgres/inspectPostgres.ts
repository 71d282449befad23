/** What a PostgreSQL server says of itself, for whoever looks for what is wrong. Changes nothing. */
import { Duration, Effect, type Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { currentVersion, latestVersion, type Migrations } from "./Migrations.ts"
import { layer } from "./Postgres.ts"

export interface PostgresState {
  readonly version: string
  /** Version of our schema; 0 before the first migration. */
  readonly schema: number
  /** The version that this program brings it to. */
  readonly known: number
}

export const inspectPostgres = (url: Redacted.Redacted, migrations: Migrations) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ readonly version: string }>`SELECT current_setting('server_version') AS version`
    const state: PostgresState = {
      version: row?.version ?? "unknown",
      schema: yield* currentVersion,
      known: latestVersion(migrations)
    }
    return state
  }).pipe(Effect.provide(layer({ url, applicationName: "doctor", maxConnections: 1, patience: Duration.zero })))
