/**
 * Deleting what nothing needs any more. Losing it only repeats work, so it does not wait for the disk.
 *
 * A key that is taken anew meanwhile is no longer past its time when its row is locked, and stays.
 */
import { endedWorkerMillis } from "#domain/Worker.ts"
import type { JobStore } from "#services/ports/JobStore.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { storeError } from "../storeError.ts"
import { repeatingConflicts } from "./batch.ts"
import { unhurried } from "./dispatch.ts"
import { walkAtMost } from "./locks.ts"

export const forgetExpired = (sql: SqlClient.SqlClient): JobStore["Service"]["forgetExpired"] => (limit) =>
  sql<{ readonly count: number }>`
      WITH ${sql.literal(unhurried)},
      now AS MATERIALIZED (SELECT clock_timestamp() AS at FROM unhurried),
      keys AS (
        DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM (
            SELECT ctid FROM idempotency_key WHERE expires_at <= (SELECT at FROM now)
            ORDER BY expires_at LIMIT ${sql.literal(walkAtMost)} FOR UPDATE SKIP LOCKED
          ) AS first LIMIT ${limit}
        ))
        RETURNING 1
      ),
      workers AS (
        DELETE FROM worker WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM worker w
          WHERE state <> 'live' AND lease_until <= (SELECT at FROM now) - ${endedWorkerMillis} * interval '1 millisecond'
            AND NOT EXISTS (SELECT FROM job_state WHERE owner = w.id AND state = 'running')
          ORDER BY lease_until LIMIT ${limit} FOR UPDATE SKIP LOCKED
        ))
        RETURNING 1
      )
      SELECT ((SELECT count(*) FROM keys) + (SELECT count(*) FROM workers))::int4 AS count`.pipe(
    Effect.map(([row]) => row?.count ?? 0),
    storeError("forget what has expired", "write"),
    repeatingConflicts
  )
