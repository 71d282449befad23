/**
 * Totals, queues and workers, without counting a job.
 *
 * The numbers of jobs are the sum of `counter` and `counter_delta` in one statement: what is folded between the two
 * while it runs is seen in exactly one of them.
 */
import { jobStates } from "#domain/JobStatus.ts"
import type { QueueView } from "#domain/Queue.ts"
import type { WorkerView } from "#domain/Worker.ts"
import { type AuditEntry, overviewLimit, type Totals } from "#services/ports/JobQueries.ts"
import type { SqlClient } from "effect/sql"
import { iso, readAt } from "./jobRecords.ts"

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

/** The counts of a queue that never had a job: a worker has named it. */
const noStates = `'${
  JSON.stringify(Object.fromEntries(jobStates.filter((state) => state !== "dispatched").map((state) => [state, 0])))
}'::json`

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
 * Jobs with the broker that are looked at, the first by id, to find those that have waited longest. Where more are there,
 * a job that was retried or scheduled may have waited longer than it is said.
 */
const dispatchedLookedAt = 1_000

/** Every part is read once, whatever the number of queues. */
export const getQueues = (sql: SqlClient.SqlClient) =>
  sql<ReadRecord & { readonly queues: ReadonlyArray<QueueView> }>`
    WITH counted AS MATERIALIZED ${sql.literal(counted)},
    counts AS (
      SELECT queue, ${sql.literal(`${stateCounts} AS states, ${total("dispatched")} AS dispatched`)}
      FROM counted GROUP BY queue
    ),
    live AS MATERIALIZED (SELECT slots, queues, types FROM worker WHERE state = 'live'),
    named AS (
      SELECT queue, sum(slots)::int4 AS slots FROM live CROSS JOIN LATERAL unnest(queues) AS queue GROUP BY queue
    ),
    served AS MATERIALIZED (
      SELECT DISTINCT type, queue
      FROM live CROSS JOIN unnest(types) AS type CROSS JOIN unnest(coalesce(queues, ARRAY[NULL::text])) AS queue
    ),
    stranded AS (
      SELECT queue, json_agg(type ORDER BY type) AS types
      FROM (
        SELECT queue, type FROM counted WHERE key IN ('scheduled', 'queued', 'dispatched', 'retrying')
        GROUP BY queue, type HAVING sum(n) > 0
      ) AS waiting
      WHERE NOT EXISTS (SELECT FROM served WHERE served.type = waiting.type AND served.queue IS NULL)
        AND NOT EXISTS (SELECT FROM served WHERE served.type = waiting.type AND served.queue = waiting.queue)
      GROUP BY queue
    ),
    handed_over AS (
      SELECT queue, min(run_at) AS run_at
      FROM (
        SELECT queue, run_at FROM job_state WHERE state = 'dispatched' ORDER BY job_id LIMIT ${dispatchedLookedAt}
      ) AS first
      GROUP BY queue
    ),
    oldest AS (
      SELECT name, least(handed_over.run_at, (
        SELECT run_at FROM job_state WHERE job_state.queue = name AND job_state.state = 'queued' ORDER BY run_at LIMIT 1
      )) AS run_at
      FROM queue LEFT JOIN handed_over ON handed_over.queue = name
    )
    SELECT ${sql.literal(readAt)}, coalesce(json_agg(json_build_object(
      'name', queue.name,
      'paused', queue.paused,
      'pausedAt', ${sql.literal(iso("queue.paused_at"))},
      'pausedBy', queue.paused_by,
      'counts', coalesce(counts.states, ${sql.literal(noStates)}),
      'dispatched', coalesce(counts.dispatched, 0),
      'oldestQueuedMillis', floor(extract(epoch FROM clock_timestamp() - oldest.run_at) * 1000)::float8,
      'liveSlots', coalesce(named.slots, 0) + coalesce((SELECT sum(slots) FROM live WHERE queues IS NULL), 0),
      'typesWithoutWorker', coalesce(stranded.types, '[]'::json)
    ) ORDER BY queue.name), '[]'::json) AS queues
    FROM (SELECT * FROM queue ORDER BY name LIMIT ${overviewLimit}) AS queue
    JOIN oldest USING (name)
    LEFT JOIN counts ON counts.queue = queue.name
    LEFT JOIN named ON named.queue = queue.name
    LEFT JOIN stranded ON stranded.queue = queue.name`

export const getWorkers = (sql: SqlClient.SqlClient) =>
  sql<ReadRecord & { readonly workers: ReadonlyArray<WorkerView> }>`
    WITH shown AS (
      SELECT * FROM worker
      WHERE state = 'live' OR last_heartbeat_at > clock_timestamp() - ${sql.literal(`interval '${endedWorkersShown}'`)}
      ORDER BY state = 'live' DESC, started_at DESC LIMIT ${overviewLimit}
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
