/** Workers, their leases and their job types in PostgreSQL. */
import type { JobId, QueueName } from "#domain/Job.ts"
import type { JobTypeDescription } from "#domain/JobType.ts"
import { leaseMillis } from "#domain/Worker.ts"
import { type WorkerRegistration, WorkerStore } from "#services/ports/WorkerStore.ts"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { repeatingConflicts } from "./jobs/batch.ts"
import { storeError } from "./storeError.ts"
import { heartbeat } from "./workers/heartbeat.ts"
import * as Reap from "./workers/reap.ts"

export interface Options {
  /** Program and instance that the event log names as the writer: `dispatcher/host-1`. */
  readonly source: string
}

/** The queues that it names are there from now on, so that they can be paused before their first job. */
const register = (sql: SqlClient.SqlClient, { updateTypes = true, ...worker }: WorkerRegistration) => {
  const types = worker.types.toSorted((one, other) => one.name < other.name ? -1 : 1)
  return sql`
    WITH added AS (
      INSERT INTO worker (id, name, host, pid, version, slots, queues, types, state, lease_until)
      SELECT ${worker.id}::uuid, ${worker.name}, ${worker.host}, ${worker.pid}::int4, ${worker.version},
        ${worker.slots}::int4, ${worker.queues}::text[], ${types.map((type) => type.name)}::text[], 'live',
        clock_timestamp() + ${leaseMillis} * interval '1 millisecond'
      ON CONFLICT (id) DO NOTHING
    ),
    queues AS (
      INSERT INTO queue (name) SELECT name FROM unnest(${worker.queues?.toSorted() ?? []}::text[]) AS name
      ON CONFLICT DO NOTHING
    )
    INSERT INTO job_type (name, description)
    SELECT name, description::json
    FROM unnest(
      ${types.map((type) => type.name)}::text[], ${types.map((type) => JSON.stringify(type))}::text[]
    ) AS t (name, description)
    ON CONFLICT (name) DO UPDATE SET description = excluded.description, updated_at = clock_timestamp()
    WHERE ${updateTypes} AND job_type.description::text <> excluded.description::text`.pipe(
    Effect.asVoid,
    storeError("register a worker", "write"),
    repeatingConflicts
  )
}

export const layer = ({ source }: Options): Layer.Layer<WorkerStore, never, SqlClient.SqlClient> =>
  Layer.effect(
    WorkerStore,
    Effect.map(SqlClient.SqlClient, (sql) =>
      WorkerStore.of({
        register: (registration) => register(sql, registration),
        heartbeat: (worker) => heartbeat(sql, worker),
        retire: (worker) =>
          sql`UPDATE worker SET state = 'stopped', lease_until = clock_timestamp()
            WHERE id = ${worker}::uuid AND state = 'live'`.pipe(Effect.asVoid, storeError("retire a worker", "write")),
        runningOf: (worker) =>
          sql<{ readonly jobId: JobId; readonly token: string; readonly attempt: number }>`
            SELECT job_id::text AS "jobId", lease_token::text AS token, attempt FROM job_state
            WHERE owner = ${worker}::uuid AND state = 'running' ORDER BY job_id`.pipe(
            storeError("read what a worker runs", "read")
          ),
        reap: Reap.make(sql, source),
        types: sql<{ readonly description: JobTypeDescription }>`SELECT description FROM job_type ORDER BY name`.pipe(
          Effect.map((rows) => rows.map((row) => row.description)),
          storeError("read the job types", "read")
        ),
        queueNames: sql<{ readonly name: QueueName }>`SELECT name FROM queue ORDER BY name`.pipe(
          Effect.map((rows) => rows.map((row) => row.name)),
          storeError("read the names of queues", "read")
        )
      }))
  )
