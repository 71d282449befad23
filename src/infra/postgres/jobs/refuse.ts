/**
 * Settlements that came too late, and those that were there before.
 *
 * Runs after the statement that did not find their tokens: whoever took a token away had committed by then, so what
 * this one sees of the attempt is final.
 */
import type { Settlement } from "#services/ports/JobStore.ts"
import type { SqlClient } from "effect/sql"
import { storeError } from "../storeError.ts"
import { repeatingConflicts } from "./batch.ts"
import { columnsOf } from "./columns.ts"
import { attemptState, classOf, contextOf, event, logged } from "./events.ts"
import { stateOf } from "./locks.ts"

interface Committed {
  readonly jobId: string
  readonly token: string
}

const refusedEvent = event({
  type: "completion-refused",
  job: "m",
  seq: "m.seq",
  at: "m.updated_at",
  from: { sql: classOf("m.state") },
  to: { sql: classOf("m.state") },
  attempt: "m.attempt",
  context: contextOf("j"),
  data: `concat('{"reason":"', CASE m.state WHEN 'running' THEN 'another attempt runs' ELSE 'the lease was lost' END,
    '","outcome":"', m.outcome, '"', ',"worker":"' || m.worker || '"', ',"lateAttempt":' || m.late_attempt, '}')`
})

/** The settlements are in the order of their jobs. Answers those whose outcome their attempt holds already. A refusal is recorded once per attempt. */
export const make = (sql: SqlClient.SqlClient, source: string) => (settlements: ReadonlyArray<Settlement>) => {
  const { texts, uuids } = columnsOf(sql)
  return sql<Committed>`
    WITH locked AS MATERIALIZED (
      SELECT s.job_id, i.token, i.outcome
      FROM unnest(
        ${uuids(settlements.map((one) => one.jobId))}, ${uuids(settlements.map((one) => one.token))},
        ${texts(settlements.map((one) => one.next._tag))}
      ) AS i (job_id, token, outcome), ${stateOf(sql, "i.job_id")}
    ),
    judged AS MATERIALIZED (
      SELECT l.*, a.attempt AS late_attempt, a.worker_id AS worker, a.refused_at IS NOT NULL AS is_recorded,
        coalesce(a.state = ${sql.literal(attemptState("l.outcome"))}, false) AS is_committed
      FROM locked l LEFT JOIN attempt a ON a.job_id = l.job_id AND a.token = l.token
    ),
    marked AS (
      UPDATE attempt a SET refused_at = clock_timestamp() FROM judged
      WHERE a.job_id = judged.job_id AND a.attempt = judged.late_attempt
        AND NOT judged.is_committed AND NOT judged.is_recorded
    ),
    moved AS (
      UPDATE job_state s SET seq = s.seq + 1, updated_at = clock_timestamp() FROM judged
      WHERE s.job_id = judged.job_id AND NOT judged.is_committed AND NOT judged.is_recorded
      RETURNING s.job_id, s.queue, s.type, s.state, s.attempt, s.seq, s.updated_at, judged.outcome, judged.worker,
        judged.late_attempt
    ),
    happened AS (SELECT m.job_id, ${sql.literal(refusedEvent)} AS events FROM moved m JOIN job j ON j.id = m.job_id),
    ${logged(sql, source)}
    SELECT job_id::text AS "jobId", token::text AS token FROM judged WHERE is_committed`.pipe(
    storeError("refuse late settlements", "write"),
    repeatingConflicts
  )
}
