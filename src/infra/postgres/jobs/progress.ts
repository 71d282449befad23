/** What handlers say while they run: kept with the job, and an event each. */
import type { JobStore } from "#services/ports/JobStore.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { storeError } from "../storeError.ts"
import { repeatingConflicts, splittingRefusals } from "./batch.ts"
import { columnsOf } from "./columns.ts"
import { contextOf, event, logged } from "./events.ts"
import { byJob, stateOf } from "./locks.ts"

type Reports = Parameters<JobStore["Service"]["progress"]>[0]

const progressed = event({
  type: "progressed",
  job: "m",
  seq: "m.seq",
  at: "m.updated_at",
  from: "running",
  to: "running",
  attempt: "m.attempt",
  context: contextOf("j"),
  data: `concat('{"progress":', m.progress, '}')`
})

export const make = (sql: SqlClient.SqlClient, source: string): JobStore["Service"]["progress"] => (reports) => {
  const { texts, uuids } = columnsOf(sql)
  const record = (some: Reports) =>
    sql`
      WITH locked AS MATERIALIZED (
        SELECT s.job_id, i.token, i.progress
        FROM unnest(
          ${uuids(some.map((report) => report.jobId))}, ${uuids(some.map((report) => report.token))},
          ${texts(some.map((report) => JSON.stringify(report.progress)))}
        ) AS i (job_id, token, progress), ${stateOf(sql, "i.job_id")}
        WHERE s.lease_token = i.token
      ),
      moved AS (
        UPDATE job_state s SET progress = l.progress::json, seq = s.seq + 1, updated_at = clock_timestamp()
        FROM locked l WHERE s.job_id = l.job_id AND s.lease_token = l.token
        RETURNING s.*
      ),
      happened AS (SELECT m.job_id, ${sql.literal(progressed)} AS events FROM moved m JOIN job j ON j.id = m.job_id),
      ${logged(sql, source)}
      SELECT FROM moved`.pipe(Effect.as([]), storeError("record progress", "write"), repeatingConflicts)
  // Of several reports of one attempt the last one holds.
  const latest = byJob([...new Map(reports.map((report) => [report.token, report])).values()])
  return latest.length === 0
    ? Effect.void
    : Effect.asVoid(splittingRefusals<Reports[number], void, never>(latest, record, () => undefined))
}
