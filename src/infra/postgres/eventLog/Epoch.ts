/**
 * Epochs of the event log (rule 29).
 *
 * After a restore or a fail-over that lost transactions, PostgreSQL gives the same ids to other rows. `meta` remembers
 * which cluster and timeline it was written on; on another one a new epoch begins: archive ids and bitmaps are per
 * epoch, and the relay starts again from the oldest row. A copy of the files that is started without recovery has
 * neither a new identifier nor a new timeline and cannot be told apart by PostgreSQL itself.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { oneRow } from "../oneRow.ts"

/**
 * The cluster that answers, as SQL: `<system identifier>/<timeline>`.
 *
 * The timeline is that of the write-ahead log: the one in the control file lags behind a promotion by a checkpoint. A
 * standby writes none and has no answer, so that nothing is read from it as from this cluster. Who may not see the
 * identifier takes the remembered one for granted, so as not to dispute it with those who may.
 */
const clusterThatAnswers = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const { permitted } = yield* oneRow(
    sql<{ readonly permitted: boolean }>`SELECT has_function_privilege('pg_control_system()', 'EXECUTE') AS permitted`
  )
  const identifier = permitted
    ? "(SELECT system_identifier::text FROM pg_control_system())"
    : "coalesce((SELECT split_part(value, '/', 1) FROM meta WHERE key = 'cluster'), 'unknown')"
  return sql.literal(
    `CASE WHEN NOT pg_is_in_recovery() THEN ${identifier} || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) END`
  )
})

/** Before every transaction id that PostgreSQL gives out, and after the start of the log. */
const beforeAllTransactions = "1"

/**
 * Begins the first epoch of a database, or a new one where the cluster is another since the last time.
 *
 * `renew` does the latter again at any time; where nothing has changed it writes nothing. Callers at the same time begin
 * one epoch together. A log restored into a younger cluster carries transaction ids of its future, which would stay open
 * for ever and sort after all new rows: those rows move to the beginning, in the order of their ids.
 */
export const open = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const cluster = yield* clusterThatAnswers
  const renew = sql`
    WITH moved AS (
      UPDATE meta SET value = here.cluster FROM (SELECT (${cluster}) AS cluster) AS here
      WHERE key = 'cluster' AND value <> here.cluster
      RETURNING true
    ), begun AS (
      UPDATE meta SET value = (value::int4 + 1)::text WHERE key = 'epoch' AND EXISTS (SELECT FROM moved)
      RETURNING value
    ), rewound AS (
      UPDATE relay SET cursor_xid = '0', cursor_id = 0 WHERE EXISTS (SELECT FROM moved)
    ), reordered AS (
      UPDATE event_log SET xid = ${sql.literal(`'${beforeAllTransactions}'`)}
      WHERE EXISTS (SELECT FROM moved) AND xid >= pg_snapshot_xmax(pg_current_snapshot())
    )
    SELECT value AS epoch FROM begun`.pipe(
    Effect.tap((begun) =>
      begun.length === 0
        ? Effect.void
        : Effect.logWarning("PostgreSQL is another cluster or timeline: a new epoch begins")
    ),
    Effect.asVoid
  )
  yield* sql`
    INSERT INTO meta (key, value) VALUES ('cluster', ${cluster}), ('epoch', '1') ON CONFLICT DO NOTHING`
  yield* renew
  return { cluster, renew }
})
