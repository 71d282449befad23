/**
 * Starting attempts, and what they say while they run (rule 13).
 *
 * A claim that is repeated because its answer was lost finds its own token on the job and gets the same answer.
 */
import type { JobId, JobTypeName, QueueName } from "#domain/Job.ts"
import type { BackoffPolicy } from "#domain/Retry.ts"
import type { ClaimedJob, JobStore } from "#services/ports/JobStore.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { storeError } from "../storeError.ts"
import { repeatingConflicts } from "./batch.ts"
import { columnsOf } from "./columns.ts"
import { contextOf, event, logged } from "./events.ts"
import { byJob, stateOf } from "./locks.ts"

type Requests = JobStore["Service"]

interface Row {
  readonly jobId: JobId
  readonly token: string
  readonly type: JobTypeName
  readonly queue: QueueName
  readonly payload: unknown
  readonly attempt: number
  readonly failures: number
  readonly maxAttempts: number
  readonly backoff: BackoffPolicy
  readonly timeoutMillis: number
  readonly deadlineInMillis: number | null
  readonly tags: ReadonlyArray<string>
  readonly correlationId: string | null
  readonly traceparent: string | null
  readonly waitMillis: number
}

const toClaimed = (row: Row): ClaimedJob => ({
  ...row,
  deadlineInMillis: row.deadlineInMillis ?? undefined,
  correlationId: row.correlationId ?? undefined,
  traceparent: row.traceparent ?? undefined
})

const waitMillis = "greatest(0, floor(date_part('epoch', m.started_at - m.run_at) * 1000))"
const context = "m.context"
const events = [
  event({
    type: "dispatched",
    job: "m",
    seq: "m.seq - 1",
    at: "m.dispatched_at",
    from: "waiting",
    to: "waiting",
    attempt: "m.attempt",
    context
  }),
  event({
    type: "started",
    job: "m",
    seq: "m.seq",
    at: "m.started_at",
    from: "waiting",
    to: "running",
    attempt: "m.attempt",
    context,
    data: `concat('{"worker":"', m.owner, '","waitMillis":', ${waitMillis}, '}')`
  })
].join(", ',', ")

/** What is answered, from the row of the job's state `s` and the job `j`. */
const answered = (s: string) =>
  `${s}.job_id, ${s}.lease_token, ${s}.owner, ${s}.queue, ${s}.type, ${s}.attempt, ${s}.failures, ${s}.max_attempts,
  ${s}.seq, ${s}.run_at, ${s}.dispatched_at, ${s}.deadline, ${s}.updated_at AS started_at, j.payload, j.backoff,
  j.timeout_ms, j.tags, j.correlation_id, j.traceparent, ${contextOf("j")} AS context`

export const make = (sql: SqlClient.SqlClient, source: string): Requests["claim"] => (worker, claims) => {
  const { uuids } = columnsOf(sql)
  const inOrder = byJob(claims)
  return claims.length === 0 ? Effect.succeed([]) : sql<Row>`
    WITH locked AS MATERIALIZED (
      SELECT s.*, i.token
      FROM unnest(
        ${uuids(inOrder.map((claim) => claim.jobId))}, ${uuids(inOrder.map((claim) => claim.token))}
      ) AS i (job_id, token), ${stateOf(sql, "i.job_id")}
      WHERE EXISTS (SELECT FROM worker w WHERE w.id = ${worker}::uuid AND w.state = 'live') AND (
        s.state = 'dispatched' AND (s.deadline IS NULL OR s.deadline > clock_timestamp())
        OR s.state = 'running' AND s.lease_token = i.token AND s.owner = ${worker}::uuid
      )
    ),
    moved AS (
      UPDATE job_state s SET state = 'running', attempt = s.attempt + 1, seq = s.seq + 2, lease_token = l.token,
        owner = ${worker}::uuid, attempt_deadline = clock_timestamp() + j.timeout_ms * interval '1 millisecond',
        progress = NULL, updated_at = clock_timestamp()
      FROM locked l JOIN job j ON j.id = l.job_id
      WHERE s.job_id = l.job_id AND s.state = l.state AND l.state = 'dispatched'
      RETURNING ${sql.literal(answered("s"))}
    ),
    attempts AS (
      INSERT INTO attempt (job_id, attempt, token, worker_id, state, started_at)
      SELECT job_id, attempt, lease_token, owner, 'running', started_at FROM moved
    ),
    happened AS (SELECT m.job_id, concat(${sql.literal(events)}) AS events FROM moved m),
    ${logged(sql, source)},
    held AS (
      SELECT * FROM moved
      UNION ALL
      SELECT ${sql.literal(answered("l"))} FROM locked l JOIN job j ON j.id = l.job_id WHERE l.state = 'running'
    )
    SELECT m.job_id::text AS "jobId", m.lease_token::text AS token, m.type, m.queue, m.payload, m.attempt, m.failures,
      m.max_attempts AS "maxAttempts", m.backoff, m.timeout_ms AS "timeoutMillis", m.tags,
      m.correlation_id AS "correlationId", m.traceparent, ${sql.literal(waitMillis)} AS "waitMillis",
      floor(date_part('epoch', m.deadline - clock_timestamp()) * 1000) AS "deadlineInMillis"
    FROM held m`.pipe(
    Effect.map((rows) => rows.map(toClaimed)),
    storeError("claim jobs", "write"),
    repeatingConflicts
  )
}
