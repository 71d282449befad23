/**
 * Ending leases and taking jobs back (rule 15).
 *
 * Two statements: the first one's commit is the moment from which the jobs may run elsewhere. The second takes back what
 * runs and has no live owner, whoever ended that owner's lease and when; so nothing depends on both being run together.
 */
import { overdueGraceMillis } from "#domain/Worker.ts"
import type { Reaped, WorkerStore } from "#services/ports/WorkerStore.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { repeatingConflicts } from "../jobs/batch.ts"
import { contextOf, event, logged, rankAt } from "../jobs/events.ts"
import { storeError } from "../storeError.ts"

const ended = {
  job: "m",
  at: "m.updated_at",
  from: "running",
  attempt: "m.attempt",
  context: "m.context"
} as const

const leaseExpired = event({
  ...ended,
  type: "lease-expired",
  seq: "m.seq - 1",
  to: "running",
  data: `concat('{"worker":"', m.worker, '","reason":"', m.reason, '"}')`
})

const last = event({
  ...ended,
  type: {
    sql: "CASE m.state WHEN 'retrying' THEN 'retry-scheduled' WHEN 'dead' THEN 'dead-lettered' ELSE 'cancelled' END"
  },
  seq: "m.seq",
  to: { sql: "CASE m.state WHEN 'retrying' THEN 'waiting' ELSE m.state END" },
  data: `CASE m.state WHEN 'retrying' THEN '{"delayMillis":0}' WHEN 'dead' THEN '{"reason":"exhausted"}'
    ELSE '{"reason":"lease-expired"}' END`
})

const nextState = `CASE
    WHEN s.cancel_requested_at IS NOT NULL THEN 'cancelled'
    WHEN s.failures + 1 >= s.max_attempts THEN 'dead'
    ELSE 'retrying'
  END`

/** As the attempt keeps it. */
const errorOf = (reason: string) =>
  `json_build_object('name', CASE ${reason} WHEN 'overdue' THEN 'AttemptOverdue' ELSE 'LeaseExpired' END, 'message',
    CASE ${reason} WHEN 'overdue' THEN 'the worker did not end the attempt in time' ELSE 'the worker lost its lease' END,
    'retryable', true)`

export const make = (sql: SqlClient.SqlClient, source: string): WorkerStore["Service"]["reap"] => {
  const expire = (everyone: boolean) =>
    sql<{ readonly id: string }>`
      UPDATE worker SET state = 'expired' WHERE state = 'live' AND (${everyone} OR lease_until < clock_timestamp())
      RETURNING id::text`.pipe(storeError("end leases", "write"), repeatingConflicts)

  /** The token tells the attempt that was seen from a later one that began while its row was waited for. */
  const takeBack = (limit: number) =>
    sql<Omit<Reaped, "expiredWorkers">>`
      WITH late AS MATERIALIZED (SELECT clock_timestamp() - ${overdueGraceMillis} * interval '1 millisecond' AS before),
      lost AS MATERIALIZED (
        SELECT s.job_id, s.lease_token, CASE WHEN w.id IS NULL THEN 'lease-expired' ELSE 'overdue' END AS reason
        FROM late, job_state s LEFT JOIN worker w ON w.id = s.owner AND w.state = 'live'
        WHERE s.state = 'running' AND (w.id IS NULL OR s.attempt_deadline < late.before)
        ORDER BY s.job_id LIMIT ${limit}
      ),
      locked AS MATERIALIZED (
        SELECT s.job_id, s.lease_token, s.owner, lost.reason, clock_timestamp() AS now
        FROM lost, LATERAL (
          SELECT * FROM job_state s WHERE s.job_id = lost.job_id OFFSET 0 FOR UPDATE SKIP LOCKED
        ) AS s
        WHERE s.lease_token = lost.lease_token
      ),
      moved AS (
        UPDATE job_state s SET state = ${sql.literal(nextState)}, seq = s.seq + 2, failures = s.failures + 1,
          run_at = locked.now, rank = ${sql.literal(rankAt("locked.now"))}, lease_token = NULL, owner = NULL,
          attempt_deadline = NULL, updated_at = clock_timestamp(),
          finished_at = CASE WHEN ${sql.literal(nextState)} <> 'retrying' THEN clock_timestamp() END
        FROM locked JOIN job j ON j.id = locked.job_id
        WHERE s.job_id = locked.job_id AND s.lease_token = locked.lease_token
        RETURNING s.*, locked.owner AS worker, locked.reason, ${sql.literal(contextOf("j"))} AS context
      ),
      attempts AS (
        UPDATE attempt a SET state = 'lease-expired', finished_at = m.updated_at,
          error = ${sql.literal(errorOf("m.reason"))}
        FROM moved m WHERE a.job_id = m.job_id AND a.attempt = m.attempt
      ),
      happened AS (
        SELECT m.job_id, concat(${sql.literal(leaseExpired)}, ',', ${sql.literal(last)}) AS events FROM moved m
      ),
      ${logged(sql, source)}
      SELECT count(*) FILTER (WHERE state = 'retrying')::int4 AS retrying,
        count(*) FILTER (WHERE state = 'dead')::int4 AS dead,
        count(*) FILTER (WHERE state = 'cancelled')::int4 AS cancelled
      FROM moved`.pipe(storeError("take jobs back", "write"), repeatingConflicts)

  return Effect.fnUntraced(function*({ everyone, limit }) {
    const expired = yield* expire(everyone)
    const [taken] = yield* takeBack(limit)
    return { expiredWorkers: expired.length, ...(taken ?? { retrying: 0, dead: 0, cancelled: 0 }) }
  })
}
