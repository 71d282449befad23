/** One beat of a worker, from the store's pool or from a thread's own connection. */
import type { JobId } from "#domain/Job.ts"
import { leaseMillis, type WorkerId } from "#domain/Worker.ts"
import type { Heartbeat } from "#services/ports/WorkerStore.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { storeError } from "../storeError.ts"

/** A lease whose time is over is renewed all the same, as long as no reaper has ended it. */
export const heartbeat = (sql: SqlClient.SqlClient, worker: WorkerId) =>
  sql<{ readonly live: boolean; readonly cancel: ReadonlyArray<JobId>; readonly storeTime: number }>`
    WITH renewed AS (
      UPDATE worker SET last_heartbeat_at = clock_timestamp(),
        lease_until = clock_timestamp() + ${leaseMillis} * interval '1 millisecond'
      WHERE id = ${worker}::uuid AND state = 'live'
      RETURNING id
    )
    SELECT EXISTS (SELECT FROM renewed) AS live,
      ARRAY(
        SELECT job_id::text FROM job_state
        WHERE owner = ${worker}::uuid AND state = 'running' AND cancel_requested_at IS NOT NULL
        ORDER BY job_id
      ) AS cancel,
      floor(date_part('epoch', clock_timestamp()) * 1000) AS "storeTime"`.pipe(
    Effect.map(([row]): Heartbeat => row === undefined || !row.live ? lost(row?.storeTime ?? 0) : row),
    storeError("renew a lease", "write")
  )

const lost = (storeTime: number): Heartbeat => ({ live: false, cancel: [], storeTime })
