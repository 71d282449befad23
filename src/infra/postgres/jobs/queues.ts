/** Pausing and resuming a queue (rule 12), and what the dispatcher must know of all queues. */
import type { Actor } from "#domain/Access.ts"
import type { JobTypeName, QueueName } from "#domain/Job.ts"
import { makeLanes, type TypeCounts } from "#domain/Lane.ts"
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
  readonly types: ReadonlyArray<TypeCounts>
  readonly oldestQueuedMillis: number | null
}

interface Live {
  readonly id: string
  readonly slots: number
  readonly queues: ReadonlyArray<QueueName> | null
  readonly types: ReadonlyArray<JobTypeName>
}

const countsOf = (table: "counter" | "counter_delta") =>
  `SELECT queue, type, CASE key WHEN 'queued' THEN n ELSE 0 END AS queued,
    CASE key WHEN 'dispatched' THEN n ELSE 0 END AS dispatched, CASE key WHEN 'claims' THEN n ELSE 0 END AS claims
  FROM ${table} WHERE key IN ('queued', 'dispatched', 'claims')`

/** Queues and their counts are put together by grouping, which takes as long for thousands of queues as for few. */
const counted = (sql: SqlClient.SqlClient) =>
  sql<Load>`
    WITH counted AS MATERIALIZED (
      SELECT queue, json_agg(json_build_object(
        'type', type, 'queued', queued, 'dispatched', dispatched, 'claims', claims
      )) AS types
      FROM (
        SELECT queue, type, sum(queued) AS queued, sum(dispatched) AS dispatched, sum(claims) AS claims
        FROM (${sql.literal(countsOf("counter"))} UNION ALL ${sql.literal(countsOf("counter_delta"))}) AS parts
        GROUP BY queue, type
      ) AS by_type
      GROUP BY queue
    )
    SELECT q.name AS queue, q.paused, coalesce(c.types, '[]'::json) AS types,
      (
        SELECT greatest(0, floor(date_part('epoch', clock_timestamp() - s.run_at) * 1000)) FROM job_state s
        WHERE s.queue = q.name AND s.state = 'queued' ORDER BY s.run_at LIMIT 1
      ) AS "oldestQueuedMillis"
    FROM queue q LEFT JOIN counted c ON c.queue = q.name ORDER BY q.name`

const live = (sql: SqlClient.SqlClient) =>
  sql<Live>`SELECT id::text, slots, queues, types FROM worker WHERE state = 'live' ORDER BY id`

export const loads = (sql: SqlClient.SqlClient): Requests["loads"] =>
  Effect.zipWith(counted(sql), live(sql), (queues, workers) => {
    const lanesOf = makeLanes(workers.map((worker) => ({ ...worker, queues: worker.queues ?? undefined })))
    const sum = (types: ReadonlyArray<TypeCounts>, of: "queued" | "dispatched") =>
      types.reduce((total, counts) => total + counts[of], 0)
    return queues.map(({ oldestQueuedMillis, paused, queue, types }) => ({
      queue,
      paused,
      queued: sum(types, "queued"),
      dispatched: sum(types, "dispatched"),
      lanes: lanesOf(queue, types),
      oldestQueuedMillis: oldestQueuedMillis ?? undefined
    }))
  }).pipe(storeError("read the loads of queues", "read"))
