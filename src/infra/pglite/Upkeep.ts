/**
 * What the background processes of a server do: PGlite has none.
 *
 * Without checkpoints the write-ahead log would grow for ever, and a start after a crash read all of it again. Without
 * autovacuum every update would leave a dead row for ever, the planner would not learn what tables hold, and the ids of
 * transactions would run out. Both hold up the statements of the moment, by tens of milliseconds.
 */
import { keepGoing } from "#services/Supervised.ts"
import { Duration, Effect, Schedule } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/** Read again in 0.5 s after a crash; written in 3 s at 8,000 jobs/s, so that a checkpoint of 60 ms is rare. */
const logBytes = 64 * 1024 * 1024
/** At that rate the log grows by a third of `logBytes` in between. */
const checkpointEvery = Duration.seconds(1)
/** A table of 1,000 jobs that change all the time is vacuumed each time, in 2 ms. */
const vacuumEvery = Duration.seconds(10)
/** A tenth of what there is. */
const oldestTransaction = 200_000_000

/** Writes a checkpoint when the log has grown enough since the last one. Tells whether it did. */
export const checkpoint = Effect.fnUntraced(function*(sql: SqlClient.SqlClient) {
  const [log] = yield* sql<{ readonly isLong: boolean }>`
    SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn) > ${logBytes} AS "isLong" FROM pg_control_checkpoint()`
  if (log?.isLong !== true) return false
  yield* sql`CHECKPOINT`
  return true
})

/** Vacuums and analyzes the tables that autovacuum would, by its default thresholds, and tells which. */
export const vacuum = Effect.fnUntraced(function*(sql: SqlClient.SqlClient) {
  const tables = yield* sql<{ readonly name: string }>`
    SELECT c.oid::regclass::text AS name
    FROM pg_class c JOIN pg_stat_all_tables s ON s.relid = c.oid, greatest(c.reltuples, 0) AS row_count
    WHERE c.relkind = 'r' AND (
      s.n_dead_tup > 50 + 0.2 * row_count OR s.n_ins_since_vacuum > 1000 + 0.2 * row_count
      OR s.n_mod_since_analyze > 50 + 0.1 * row_count OR age(c.relfrozenxid) > ${oldestTransaction}
    )`
  // One statement per table, so that others get their turn in between.
  yield* Effect.forEach(tables, ({ name }) => sql`VACUUM (ANALYZE) ${sql.literal(name)}`.unprepared, { discard: true })
  return tables.map(({ name }) => name)
})

/**
 * Does both in the background for as long as the scope. A lost connection ends neither: the session may be replaced, and
 * of a database that has ended whoever runs it hears otherwise.
 */
export const run = Effect.fnUntraced(function*(sql: SqlClient.SqlClient) {
  const regularly = (what: string, work: Effect.Effect<unknown, SqlError.SqlError>, every: Duration.Duration) =>
    work.pipe(
      Effect.catch((error) =>
        error.reason._tag === "ConnectionError" ? Effect.void : Effect.logWarning(`${what} is put off`, error)
      ),
      Effect.repeat(Schedule.spaced(every)),
      keepGoing(what)
    )
  yield* regularly("writing checkpoints", checkpoint(sql), checkpointEvery)
  yield* regularly("vacuuming", vacuum(sql), vacuumEvery)
})
