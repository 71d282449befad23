/** Jobs as PostgreSQL spells them for people: the columns carry the names and forms of the views. */
import type { JobId } from "#domain/Job.ts"
import type { JobSummary, JobView } from "#domain/JobView.ts"
import type { SqlClient } from "effect/sql"

/** ISO 8601 with milliseconds, as JavaScript spells it. */
export const iso = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** Milliseconds since 1970 by the clock of PostgreSQL, as a column `readAt`. */
export const readAt = `floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "readAt"`

/** For a statement that has `job`, `job_state` and, where the owner is known, `worker` in its FROM. */
const summary = `job.id::text AS id, job.type, job.queue,
  CASE job_state.state WHEN 'dispatched' THEN 'queued' ELSE job_state.state END AS status,
  job.priority::int4 AS priority, job_state.attempt, job_state.failures, job.max_attempts AS "maxAttempts", job.tags,
  job.correlation_id AS "correlationId", ${iso("job_state.run_at")} AS "runAt", ${iso("job.created_at")} AS "createdAt",
  ${iso("job_state.updated_at")} AS "updatedAt", ${iso("job_state.finished_at")} AS "finishedAt",
  ${iso("job_state.cancel_requested_at")} AS "cancelRequestedAt",
  coalesce(worker.name, job_state.owner::text) AS worker, job_state.progress`

export const summaryColumns = (sql: SqlClient.SqlClient) => sql.literal(summary)

/** Attempts that are shown of one job, the newest: a job that is released or replayed again and again has no limit. */
const attemptsShown = 1_000

/** The job whole, in no row when there is none. */
export const getJob = (sql: SqlClient.SqlClient, jobId: JobId) =>
  sql<JobView>`
    SELECT ${sql.literal(summary)}, job.payload, outcome.result, trouble.error AS "lastError", job.backoff,
      job.timeout_ms AS "timeoutMillis", ${sql.literal(iso("job_state.deadline"))} AS deadline,
      job.idempotency_key AS "idempotencyKey", job.traceparent, job_state.seq AS sequence,
      coalesce(attempts.list, '[]'::json) AS attempts
    FROM job
    JOIN job_state ON job_state.job_id = job.id
    LEFT JOIN worker ON worker.id = job_state.owner
    LEFT JOIN LATERAL (
      SELECT result FROM attempt WHERE attempt.job_id = job.id AND attempt.state = 'completed'
      ORDER BY attempt DESC LIMIT 1
    ) AS outcome ON true
    LEFT JOIN LATERAL (
      SELECT error FROM attempt WHERE attempt.job_id = job.id AND attempt.error IS NOT NULL
      ORDER BY attempt DESC LIMIT 1
    ) AS trouble ON true
    LEFT JOIN LATERAL (
      SELECT json_agg(json_build_object(
          'attempt', recent.attempt,
          'state', recent.state,
          'worker', coalesce(performer.name, recent.worker_id::text),
          'startedAt', ${sql.literal(iso("recent.started_at"))},
          'finishedAt', ${sql.literal(iso("recent.finished_at"))},
          'error', recent.error
        ) ORDER BY recent.attempt) AS list
      FROM (
        SELECT * FROM attempt WHERE attempt.job_id = job.id ORDER BY attempt.attempt DESC LIMIT ${attemptsShown}
      ) AS recent
      LEFT JOIN worker AS performer ON performer.id = recent.worker_id
    ) AS attempts ON true
    WHERE job.id = ${jobId}::uuid`

/** The summary without the other columns of its row. */
export const toSummary = (record: JobSummary): JobSummary => ({
  id: record.id,
  type: record.type,
  queue: record.queue,
  status: record.status,
  priority: record.priority,
  attempt: record.attempt,
  failures: record.failures,
  maxAttempts: record.maxAttempts,
  tags: record.tags,
  correlationId: record.correlationId,
  runAt: record.runAt,
  createdAt: record.createdAt,
  updatedAt: record.updatedAt,
  finishedAt: record.finishedAt,
  cancelRequestedAt: record.cancelRequestedAt,
  worker: record.worker,
  progress: record.progress
})
