/**
 * Totals, queues and workers, without counting a job.
 *
 * The numbers of jobs are the sum of `counter` and `counter_delta` in one statement: what is folded between the two
 * while it runs is seen in exactly one of them.
 */
import { jobStates } from "#domain/JobStatus.ts"
import type { QueueView } from "#domain/Queue.ts"
import type { WorkerView } from "#domain/Worker.ts"
import type { AuditEntry, Totals } from "#services/ports/JobQueries.ts"
import type { SqlClient } from "effect/sql"
import { iso, readAt } from "./jobRecords.ts"

/** Queues that one answer shows. A queue is made by its first job, so a client's mistake can make many. */
const queuesShown = 1_000
export const workersShown = 1_000
const endedWorkersShown = "1 hour"

const counted = `(
  SELECT queue, type, key, sum(n) AS n
  FROM (SELECT queue, type, key, n FROM counter UNION ALL SELECT queue, type, key, n FROM counter_delta) AS entries
  GROUP BY queue, type, key
)`

const total = (...keys: ReadonlyArray<string>) =>
  `coalesce(sum(n) FILTER (WHERE key IN (${keys.map((key) => `'${key}'`).join(", ")})), 0)::float8`

const stateCounts = `json_build_object(${
  jobStates.filter((state) => state !== "dispatched").map((state) =>
    `'${state}', ${state === "queued" ? total("queued", "dispatched") : total(state)}`
  ).join(", ")
})`

/** An answer with the time at which PostgreSQL gave it. */
export interface ReadRecord {
  readonly readAt: number
}

export const getTotals = (sql: SqlClient.SqlClient) =>
  sql<Totals & ReadRecord>`
    SELECT ${
    sql.literal(`${readAt}, ${total("accepted")} AS accepted, ${total("pruned")} AS pruned, ${stateCounts} AS counts`)
  }
    FROM ${sql.literal(counted)} AS counted`

/**
 * Jobs that are looked at to find the one that has waited longest: of each type the first by rank, and of all the first
 * by id. Where more jobs wait, an older one may hide behind jobs of higher priority, by nine minutes at most.
 */
const oldestByRank = 20
const oldestById = 1_000

export const getQueues = (sql: SqlClient.SqlClient) =>
  sql<ReadRecord & { readonly queues: ReadonlyArray<QueueView> }>`
    WITH counted AS MATERIALIZED ${sql.literal(counted)},
    early AS MATERIALIZED (
      (SELECT queue, run_at FROM job_state WHERE state = 'queued' ORDER BY job_id LIMIT ${oldestById})
      UNION ALL
      (SELECT queue, run_at FROM job_state WHERE state = 'dispatched' ORDER BY job_id LIMIT ${oldestById})
    ),
    shown AS (SELECT * FROM queue ORDER BY name LIMIT ${queuesShown})
    SELECT ${sql.literal(readAt)}, coalesce(json_agg(json_build_object(
      'name', shown.name,
      'paused', shown.paused,
      'pausedAt', ${sql.literal(iso("shown.paused_at"))},
      'pausedBy', shown.paused_by,
      'counts', counts.states,
      'dispatched', counts.dispatched,
      'oldestQueuedMillis', waiting.oldest,
      'liveSlots', workers.slots,
      'typesWithoutWorker', waiting.stranded
    ) ORDER BY shown.name), '[]'::json) AS queues
    FROM shown
    CROSS JOIN LATERAL (
      SELECT ${sql.literal(`${stateCounts} AS states, ${total("dispatched")} AS dispatched`)}
      FROM counted WHERE counted.queue = shown.name
    ) AS counts
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(worker.slots), 0)::int4 AS slots FROM worker
      WHERE worker.state = 'live' AND (worker.queues IS NULL OR shown.name = ANY (worker.queues))
    ) AS workers
    CROSS JOIN LATERAL (
      SELECT coalesce(json_agg(type ORDER BY type) FILTER (WHERE waiting > 0 AND NOT served), '[]'::json) AS stranded,
        floor(extract(epoch FROM clock_timestamp() - least(min(due), (
          SELECT min(early.run_at) FROM early WHERE early.queue = shown.name
        ))) * 1000)::float8 AS oldest
      FROM (
        SELECT counted.type, sum(n) FILTER (WHERE key IN ('scheduled', 'queued', 'dispatched', 'retrying')) AS waiting,
          EXISTS (
            SELECT FROM worker WHERE worker.state = 'live' AND counted.type = ANY (worker.types)
              AND (worker.queues IS NULL OR shown.name = ANY (worker.queues))
          ) AS served,
          (
            SELECT min(first.run_at) FROM (
              SELECT run_at FROM job_state
              WHERE job_state.queue = shown.name AND job_state.type = counted.type AND job_state.state = 'queued'
              ORDER BY rank LIMIT ${oldestByRank}
            ) AS first
          ) AS due
        FROM counted WHERE counted.queue = shown.name GROUP BY counted.type
      ) AS types
    ) AS waiting`

export const getWorkers = (sql: SqlClient.SqlClient) =>
  sql<ReadRecord & { readonly workers: ReadonlyArray<WorkerView> }>`
    WITH shown AS (
      SELECT * FROM worker
      WHERE state = 'live' OR last_heartbeat_at > clock_timestamp() - ${sql.literal(`interval '${endedWorkersShown}'`)}
      ORDER BY state = 'live' DESC, started_at DESC LIMIT ${workersShown}
    )
    SELECT ${sql.literal(readAt)}, coalesce(json_agg(json_build_object(
      'id', shown.id, 'name', shown.name, 'host', shown.host, 'pid', shown.pid, 'state', shown.state,
      'slots', shown.slots, 'running', coalesce(busy.n, 0), 'types', shown.types, 'queues', shown.queues,
      'startedAt', ${sql.literal(iso("shown.started_at"))},
      'lastHeartbeatAt', ${sql.literal(iso("shown.last_heartbeat_at"))},
      'leaseUntil', ${sql.literal(iso("shown.lease_until"))},
      'version', shown.version
    ) ORDER BY shown.state = 'live' DESC, shown.started_at DESC), '[]'::json) AS workers
    FROM shown
    LEFT JOIN (
      SELECT owner, count(*)::int4 AS n FROM job_state WHERE state = 'running' GROUP BY owner
    ) AS busy ON busy.owner = shown.id`

/** `before`: the id of an entry; what is none is before all. */
export const getAudit = (sql: SqlClient.SqlClient, before: string | undefined, limit: number) =>
  sql<ReadRecord & { readonly entries: ReadonlyArray<AuditEntry> }>`
    SELECT ${sql.literal(readAt)}, coalesce(json_agg(json_build_object(
      'id', shown.id::text, 'at', ${sql.literal(iso("shown.at"))}, 'actor', shown.actor, 'action', shown.action,
      'subject', shown.subject, 'detail', shown.detail
    ) ORDER BY shown.id DESC), '[]'::json) AS entries
    FROM (
      SELECT * FROM audit ${before === undefined ? sql.literal("") : sql`WHERE id < ${idOf(before)}::int8`}
      ORDER BY id DESC LIMIT ${limit}
    ) AS shown`

const idOf = (text: string): string => /^\d{1,18}$/u.test(text) ? text : "0"
