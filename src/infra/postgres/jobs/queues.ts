/** Pausing and resuming a queue (rule 12), and what the dispatcher must know of all queues. */
import type { Actor } from "#domain/Access.ts"
import type { JobTypeName, QueueName } from "#domain/Job.ts"
import { QueueInState, QueueNotFound } from "#domain/Queue.ts"
import type { JobStore } from "#services/ports/JobStore.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { storeError } from "../storeError.ts"
import { repeatingConflicts } from "./batch.ts"
import { millis } from "./events.ts"
import { recall } from "./waiting.ts"

type Requests = JobStore["Service"]

const operatorEvent = (type: "queue-paused" | "queue-resumed") =>
  `concat('[{"type":"${type}","at":', ${millis("clock_timestamp()")}, ',"from":"none","to":"none","queue":"', name,
    '","data":', json_build_object('actor', actor), '}]')::json`

/**
 * Waits for a dispatcher at work on the queue. True: the queue was in the other state, and is in this one when the
 * transaction commits. False: it was in this state already. Undefined: there is no such queue.
 */
const setPaused = (sql: SqlClient.SqlClient, source: string, queue: QueueName, actor: Actor, paused: boolean) =>
  sql<{ readonly isTurned: boolean }>`
    WITH named AS MATERIALIZED (SELECT name FROM queue WHERE name = ${queue} FOR UPDATE),
    turned AS (
      UPDATE queue q SET paused = ${paused}, paused_at = ${paused ? sql.literal("clock_timestamp()") : null},
        paused_by = ${paused ? actor.name : null}
      FROM named WHERE q.name = named.name AND q.paused <> ${paused}
      RETURNING q.name, ${actor.name}::text AS actor
    ),
    audited AS (
      INSERT INTO audit (actor, action, subject, detail)
      SELECT actor, ${paused ? "pause" : "resume"}, name, '{}' FROM turned
    ),
    logged AS (
      INSERT INTO event_log (source, jobs, body)
      SELECT ${source}, '{}', ${sql.literal(operatorEvent(paused ? "queue-paused" : "queue-resumed"))} FROM turned
    )
    SELECT turned.name IS NOT NULL AS "isTurned" FROM named LEFT JOIN turned USING (name)`.pipe(
    Effect.map(([row]) => row?.isTurned)
  )

const check = Effect.fnUntraced(function*(queue: QueueName, paused: boolean, isTurned: boolean | undefined) {
  if (isTurned === undefined) return yield* new QueueNotFound({ queue })
  if (!isTurned) return yield* new QueueInState({ queue, paused })
})

/** The second statement sees what a dispatcher committed while the first one waited for it. */
export const pause = (sql: SqlClient.SqlClient, source: string): Requests["pause"] => (queue, actor) =>
  sql.withTransaction(Effect.gen(function*() {
    const isTurned = yield* setPaused(sql, source, queue, actor, true)
    return { isTurned, recalled: isTurned === true ? yield* recall(sql, "all", queue) : 0 }
  })).pipe(
    storeError("pause a queue", "write"),
    repeatingConflicts,
    Effect.flatMap(({ isTurned, recalled }) => Effect.as(check(queue, true, isTurned), { recalled }))
  )

export const resume = (sql: SqlClient.SqlClient, source: string): Requests["resume"] => (queue, actor) =>
  setPaused(sql, source, queue, actor, false).pipe(
    storeError("resume a queue", "write"),
    repeatingConflicts,
    Effect.flatMap((isTurned) => check(queue, false, isTurned))
  )

interface Load {
  readonly queue: QueueName
  readonly paused: boolean
  readonly queued: number
  readonly dispatched: number
  readonly claims: number
  readonly liveSlots: number
  readonly liveTypes: ReadonlyArray<JobTypeName>
  readonly oldestQueuedMillis: number | null
}

const countsOf = (table: "counter" | "counter_delta") =>
  `SELECT queue, NULL::boolean AS paused, CASE key WHEN 'queued' THEN n ELSE 0 END AS queued,
    CASE key WHEN 'dispatched' THEN n ELSE 0 END AS dispatched, CASE key WHEN 'claims' THEN n ELSE 0 END AS claims
  FROM ${table} WHERE key IN ('queued', 'dispatched', 'claims')`

/** Queues and their counts are put together by grouping, which takes as long for thousands of queues as for few. */
export const loads = (sql: SqlClient.SqlClient): Requests["loads"] =>
  sql<Load>`
    WITH counted AS MATERIALIZED (
      SELECT queue, bool_or(paused) AS paused, sum(queued)::float8 AS queued, sum(dispatched)::float8 AS dispatched,
        sum(claims)::float8 AS claims
      FROM (
        SELECT name AS queue, paused, 0 AS queued, 0 AS dispatched, 0 AS claims FROM queue
        UNION ALL ${sql.literal(countsOf("counter"))}
        UNION ALL ${sql.literal(countsOf("counter_delta"))}
      ) AS parts
      GROUP BY queue HAVING bool_or(paused) IS NOT NULL
    ),
    live AS MATERIALIZED (SELECT slots, queues, types FROM worker WHERE state = 'live')
    SELECT c.*,
      coalesce((SELECT sum(slots) FROM live w WHERE w.queues IS NULL OR c.queue = ANY (w.queues)), 0)::float8
        AS "liveSlots",
      ARRAY(
        SELECT DISTINCT type FROM live w, unnest(w.types) AS type WHERE w.queues IS NULL OR c.queue = ANY (w.queues)
        ORDER BY type
      ) AS "liveTypes",
      (
        SELECT greatest(0, floor(date_part('epoch', clock_timestamp() - s.run_at) * 1000)) FROM job_state s
        WHERE s.queue = c.queue AND s.state = 'queued' ORDER BY s.run_at LIMIT 1
      ) AS "oldestQueuedMillis"
    FROM counted c ORDER BY c.queue`.pipe(
    Effect.map((rows) => rows.map((row) => ({ ...row, oldestQueuedMillis: row.oldestQueuedMillis ?? undefined }))),
    storeError("read the loads of queues", "read")
  )
