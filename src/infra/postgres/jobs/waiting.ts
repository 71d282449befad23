/** Moves between the waiting states: due jobs become queued, hints go back (rules 9 and 10). They write no events. */
import type { JobStore } from "#services/ports/JobStore.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { storeError } from "../storeError.ts"
import { repeatingConflicts } from "./batch.ts"
import { columnsOf } from "./columns.ts"
import { unhurried } from "./dispatch.ts"
import { byJob, stateOf, walkAtMost } from "./locks.ts"

type Requests = JobStore["Service"]

interface Count {
  readonly count: number
}

const countOf = ([row]: ReadonlyArray<Count>): number => row?.count ?? 0

export const promote = (sql: SqlClient.SqlClient): Requests["promote"] => (limit) =>
  sql<Count & { readonly nextDueInMillis: number | null }>`
    WITH ${sql.literal(unhurried)},
    now AS MATERIALIZED (SELECT clock_timestamp() AS at FROM unhurried),
    due AS MATERIALIZED (
      SELECT * FROM (
        SELECT job_id, state FROM job_state
        WHERE state IN ('scheduled', 'retrying') AND run_at <= (SELECT at FROM now)
        ORDER BY run_at LIMIT ${sql.literal(walkAtMost)} FOR UPDATE SKIP LOCKED
      ) AS first LIMIT ${limit}
    ),
    moved AS (
      UPDATE job_state s SET state = 'queued', updated_at = clock_timestamp()
      FROM due WHERE s.job_id = due.job_id AND s.state = due.state
      RETURNING s.job_id
    ),
    next AS (
      SELECT run_at FROM job_state WHERE state IN ('scheduled', 'retrying') AND run_at > (SELECT at FROM now)
      ORDER BY run_at LIMIT 1
    )
    SELECT count(*)::int4 AS count,
      (SELECT ceil(date_part('epoch', next.run_at - now.at) * 1000) FROM next, now) AS "nextDueInMillis"
    FROM moved`.pipe(
    Effect.map((rows) => ({ promoted: countOf(rows), nextDueInMillis: rows[0]?.nextDueInMillis ?? undefined })),
    storeError("promote due jobs", "write"),
    repeatingConflicts
  )

export const handBack = (sql: SqlClient.SqlClient): Requests["handBack"] => (hints) => {
  const { integers, uuids } = columnsOf(sql)
  const inOrder = byJob(hints)
  return hints.length === 0 ? Effect.succeed(0) : sql<Count>`
    WITH ${sql.literal(unhurried)},
    locked AS MATERIALIZED (
      SELECT s.job_id, s.state, i.dispatch_count
      FROM unhurried, unnest(
        ${uuids(inOrder.map((hint) => hint.jobId))}, ${integers(inOrder.map((hint) => hint.dispatchCount))}
      ) AS i (job_id, dispatch_count), ${stateOf(sql, "i.job_id")}
      WHERE s.state = 'dispatched' AND s.dispatch_count = i.dispatch_count
    ),
    moved AS (
      UPDATE job_state s SET state = 'queued', dispatched_at = NULL, updated_at = clock_timestamp()
      FROM locked l WHERE s.job_id = l.job_id AND s.state = l.state AND s.dispatch_count = l.dispatch_count
      RETURNING s.job_id
    )
    SELECT count(*)::int4 AS count FROM moved`.pipe(
    Effect.map(countOf),
    storeError("hand hints back", "write"),
    repeatingConflicts
  )
}

/** `queue`: of this queue only. */
export const recall = (sql: SqlClient.SqlClient, which: "without-worker" | "all", queue?: string) =>
  sql<Count>`
    WITH locked AS MATERIALIZED (
      SELECT s.job_id, s.state FROM job_state s
      WHERE s.state = 'dispatched' AND ${queue === undefined ? sql.literal("true") : sql`s.queue = ${queue}`} AND ${
    which === "all" ? sql.literal("true") : sql.literal(`NOT EXISTS (
        SELECT FROM worker w
        WHERE w.state = 'live' AND s.type = ANY (w.types) AND (w.queues IS NULL OR s.queue = ANY (w.queues))
      )`)
  }
      ORDER BY s.job_id FOR UPDATE OF s
    ),
    moved AS (
      UPDATE job_state s SET state = 'queued', dispatched_at = NULL, updated_at = clock_timestamp()
      FROM locked WHERE s.job_id = locked.job_id AND s.state = locked.state
      RETURNING s.job_id
    )
    SELECT count(*)::int4 AS count FROM moved`.pipe(Effect.map(countOf))

export const recallHints = (sql: SqlClient.SqlClient): Requests["recall"] => (which) =>
  recall(sql, which).pipe(storeError("recall hints", "write"), repeatingConflicts)
