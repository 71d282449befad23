import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * A read that takes longer is given up: it would hold up others, on the one connection of the embedded system all of
 * them. Sixty times the longest that was measured on a million jobs.
 */
const readTimeoutMillis = 2_000

/** Runs reads in a transaction that writes nothing, takes no transaction id and has these settings to itself. */
export const readOnly = (sql: SqlClient.SqlClient, settings: Readonly<Record<string, string>> = {}) => {
  const limited = Object.entries({ statement_timeout: String(readTimeoutMillis), ...settings })
  const apply = sql.literal(limited.map(([name, value]) => `set_config('${name}', '${value}', true)`).join(", "))
  return <A, E, R>(read: Effect.Effect<A, E, R>) =>
    sql.withTransaction(Effect.andThen(sql`SELECT ${apply}`, read)).pipe(
      Effect.provideService(SqlClient.BeginTransaction, "BEGIN READ ONLY")
    )
}
