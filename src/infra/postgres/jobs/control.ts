/** What operators do to one job (rule 18): the move, its event and the audit entry in one statement. */
import { type JobId, JobNotFound } from "#domain/Job.ts"
import { type JobState, statusOf, WrongState } from "#domain/JobStatus.ts"
import type { WorkerId } from "#domain/Worker.ts"
import type { JobStore } from "#services/ports/JobStore.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { storeError } from "../storeError.ts"
import { repeatingConflicts } from "./batch.ts"
import { contextOf, event, logged, rankAt } from "./events.ts"

type Requests = JobStore["Service"]

interface Row {
  /** Before. */
  readonly state: JobState
  /** Of the event that came of it, or of the latest where it was asked before; null when the state does not fit. */
  readonly seq: number | null
  readonly worker: WorkerId | null
}

/** The event that came of it, or why there is none. */
const moved = Effect.fnUntraced(function*(action: "cancel" | "replay", jobId: JobId, [row]: ReadonlyArray<Row>) {
  if (row === undefined) return yield* new JobNotFound({ jobId })
  if (row.seq === null) return yield* new WrongState({ jobId, action, status: statusOf(row.state) })
  return { eventId: `${jobId}:${row.seq}`, worker: row.worker }
})

const cancelled = event({
  type: { sql: "CASE m.state WHEN 'running' THEN 'cancel-requested' ELSE 'cancelled' END" },
  job: "m",
  seq: "m.seq",
  at: "m.updated_at",
  from: { sql: "CASE m.state WHEN 'running' THEN 'running' ELSE 'waiting' END" },
  to: { sql: "m.state" },
  attempt: "m.attempt",
  context: contextOf("j"),
  data: "m.data"
})

/** `asked`: what runs and was asked for its end before is left as it is. */
export const cancel = (sql: SqlClient.SqlClient, source: string): Requests["cancel"] => (jobId, actor) =>
  sql<Row>`
    WITH locked AS MATERIALIZED (
      SELECT job_id, state, owner, CASE WHEN state = 'running' AND cancel_requested_at IS NOT NULL THEN seq END AS asked
      FROM job_state WHERE job_id = ${jobId}::uuid FOR UPDATE
    ),
    moved AS (
      UPDATE job_state s SET seq = s.seq + 1, updated_at = clock_timestamp(),
        cancel_requested_at = coalesce(s.cancel_requested_at, clock_timestamp()),
        state = CASE s.state WHEN 'running' THEN 'running' ELSE 'cancelled' END,
        finished_at = CASE s.state WHEN 'running' THEN NULL ELSE clock_timestamp() END
      FROM locked
      WHERE s.job_id = locked.job_id AND locked.asked IS NULL
        AND s.state IN ('scheduled', 'queued', 'dispatched', 'retrying', 'running')
      RETURNING s.*, json_build_object('actor', ${actor.name}::text)::text AS data
    ),
    audited AS (
      INSERT INTO audit (actor, action, subject, detail) SELECT ${actor.name}, 'cancel', job_id, '{}' FROM moved
    ),
    happened AS (SELECT m.job_id, ${sql.literal(cancelled)} AS events FROM moved m JOIN job j ON j.id = m.job_id),
    ${logged(sql, source)}
    SELECT locked.state, coalesce(locked.asked, moved.seq) AS seq, locked.owner::text AS worker
    FROM locked LEFT JOIN moved USING (job_id)`.pipe(
    storeError("cancel a job", "write"),
    repeatingConflicts,
    Effect.flatMap((rows) => moved("cancel", jobId, rows)),
    Effect.map(({ eventId, worker }) =>
      worker === null ? { _tag: "Cancelled", eventId } : { _tag: "Requested", eventId, worker }
    )
  )

const replayed = event({
  type: "replayed",
  job: "m",
  seq: "m.seq",
  at: "m.updated_at",
  from: "dead",
  to: "waiting",
  attempt: "m.attempt",
  context: contextOf("j"),
  data: "m.data"
})

/** The deadline that may have killed it does not count again. */
export const replay = (sql: SqlClient.SqlClient, source: string): Requests["replay"] => (jobId, actor) =>
  sql<Row>`
    WITH locked AS MATERIALIZED (
      SELECT job_id, state, owner, clock_timestamp() AS now FROM job_state WHERE job_id = ${jobId}::uuid FOR UPDATE
    ),
    moved AS (
      UPDATE job_state s SET state = 'queued', failures = 0, seq = s.seq + 1, run_at = locked.now,
        rank = ${sql.literal(rankAt("locked.now"))}, deadline = NULL, cancel_requested_at = NULL, finished_at = NULL,
        updated_at = clock_timestamp()
      FROM locked WHERE s.job_id = locked.job_id AND s.state = 'dead'
      RETURNING s.*, json_build_object('actor', ${actor.name}::text)::text AS data
    ),
    audited AS (
      INSERT INTO audit (actor, action, subject, detail) SELECT ${actor.name}, 'replay', job_id, '{}' FROM moved
    ),
    happened AS (SELECT m.job_id, ${sql.literal(replayed)} AS events FROM moved m JOIN job j ON j.id = m.job_id),
    ${logged(sql, source)}
    SELECT locked.state, moved.seq, NULL AS worker FROM locked LEFT JOIN moved USING (job_id)`.pipe(
    storeError("replay a job", "write"),
    repeatingConflicts,
    Effect.flatMap((rows) => moved("replay", jobId, rows)),
    Effect.map(({ eventId }) => ({ eventId }))
  )
