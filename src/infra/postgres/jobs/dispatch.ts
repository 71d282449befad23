/**
 * Handing queued jobs to the broker, and sending lost hints again (rules 9 and 11).
 *
 * Neither writes an event and a lost one only repeats work, so neither waits for the disk: `synchronous_commit` is off
 * until the end of the statement's own transaction.
 */
import type { JobId, JobTypeName, QueueName } from "#domain/Job.ts"
import type { Dispatched, JobStore } from "#services/ports/JobStore.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { storeError } from "../storeError.ts"
import { repeatingConflicts } from "./batch.ts"
import { columnsOf } from "./columns.ts"
import { stateOf, walkAtMost } from "./locks.ts"

type Requests = JobStore["Service"]

/** A CTE that must be in the FROM of another one to take effect. */
export const unhurried = "unhurried AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"

/** A hint is overtaken when one handed over this much later has been claimed. */
const overtakenMillis = 5_000
/** Whatever is known of the broker, a hint is sent again after this much times two to the power of its hand-overs. */
const patienceMillis = 60_000
/** Half an hour at most: also a job that was handed over often, by retries and hand-backs, gets its hint again. */
const mostDoublings = 5

interface Row {
  readonly jobId: JobId
  readonly queue: QueueName
  readonly type: JobTypeName
  readonly dispatchCount: number
  readonly traceparent: string | null
}

const toDispatched = (row: Row): Dispatched => ({ ...row, traceparent: row.traceparent ?? undefined })

const columns = `m.job_id::text AS "jobId", m.queue, m.type, m.dispatch_count AS "dispatchCount", j.traceparent`

/**
 * The queue's row is locked: another dispatcher leaves the queue alone, and a pause waits until this one has committed.
 *
 * One that looked at the queue before the commit and locked it afterwards sees outdated numbers, but also the outdated
 * rows that belong to them: it finds them taken, and fills the window no further.
 */
export const make = (sql: SqlClient.SqlClient): Requests["dispatch"] => ({ limit, queue, types, window }) => {
  const { texts } = columnsOf(sql)
  return sql<Row>`
    WITH ${sql.literal(unhurried)},
    served AS MATERIALIZED (SELECT unnest(${texts(types)}) AS type),
    mine AS MATERIALIZED (
      SELECT q.name FROM queue q, unhurried WHERE q.name = ${queue} AND NOT q.paused FOR UPDATE OF q SKIP LOCKED
    ),
    room AS MATERIALIZED (
      SELECT greatest(0, least(${limit}::int8, ${window}::int8 - coalesce((
        SELECT sum(n) FROM (
          SELECT n FROM counter WHERE queue = mine.name AND key = 'dispatched' AND type IN (SELECT type FROM served)
          UNION ALL
          SELECT n FROM counter_delta WHERE queue = mine.name AND key = 'dispatched' AND type IN (SELECT type FROM served)
        ) AS parts
      ), 0)))::int8 AS jobs
      FROM mine
    ),
    best AS MATERIALIZED (
      SELECT of_type.job_id
      FROM mine, served AS t, LATERAL (
        SELECT * FROM (
          SELECT s.job_id, s.rank FROM job_state s WHERE s.queue = mine.name AND s.type = t.type AND s.state = 'queued'
          ORDER BY s.rank LIMIT ${sql.literal(walkAtMost)}
        ) AS first ORDER BY rank LIMIT coalesce((SELECT jobs FROM room), 0)
      ) AS of_type
      ORDER BY of_type.rank LIMIT coalesce((SELECT jobs FROM room), 0)
    ),
    locked AS MATERIALIZED (
      SELECT s.job_id, s.state FROM best, ${stateOf(sql, "best.job_id", "SKIP LOCKED")} WHERE s.state = 'queued'
    ),
    moved AS (
      UPDATE job_state s SET state = 'dispatched', dispatched_at = clock_timestamp(),
        dispatch_count = s.dispatch_count + 1, updated_at = clock_timestamp()
      FROM locked WHERE s.job_id = locked.job_id AND s.state = locked.state
      RETURNING s.job_id, s.queue, s.type, s.dispatch_count, s.rank
    )
    SELECT ${sql.literal(columns)} FROM moved m JOIN job j ON j.id = m.job_id ORDER BY m.rank`.pipe(
    Effect.map((rows) => rows.map(toDispatched)),
    storeError("dispatch jobs", "write"),
    repeatingConflicts
  )
}

/** A claim of a running job proves that the broker delivered what was handed over with it. */
export const resend =
  (sql: SqlClient.SqlClient): Requests["resend"] => ({ limit, lost, olderThanMillis, queue, type }) =>
    sql<Row>`
    WITH ${sql.literal(unhurried)},
    claimed AS MATERIALIZED (
      SELECT clock_timestamp() AS now, max(dispatched_at) AS up_to
      FROM job_state WHERE state = 'running' AND queue = ${queue} AND type = ${type}
    ),
    locked AS MATERIALIZED (
      SELECT s.job_id, s.state FROM job_state s, claimed, unhurried
      WHERE s.state = 'dispatched' AND s.queue = ${queue} AND s.type = ${type} AND (
        ${lost} AND s.dispatched_at <= now - ${olderThanMillis} * interval '1 millisecond'
        OR s.dispatched_at <= up_to - ${overtakenMillis} * interval '1 millisecond'
        OR s.dispatched_at <=
          now - ${patienceMillis} * 2 ^ least(s.dispatch_count, ${mostDoublings}) * interval '1 millisecond'
      )
      ORDER BY s.dispatched_at LIMIT ${limit} FOR UPDATE OF s SKIP LOCKED
    ),
    moved AS (
      UPDATE job_state s SET dispatched_at = clock_timestamp(), dispatch_count = s.dispatch_count + 1
      FROM locked WHERE s.job_id = locked.job_id AND s.state = locked.state
      RETURNING s.job_id, s.queue, s.type, s.dispatch_count, s.rank
    )
    SELECT ${sql.literal(columns)} FROM moved m JOIN job j ON j.id = m.job_id ORDER BY m.rank`.pipe(
      Effect.map((rows) => rows.map(toDispatched)),
      storeError("send hints again", "write"),
      repeatingConflicts
    )
