/** What has to be done to the truth from time to time: missed deadlines, counters, messages that nobody understood. */
import { storableText } from "#domain/Json.ts"
import type { JobStore } from "#services/ports/JobStore.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { storeError } from "../storeError.ts"
import { repeatingConflicts } from "./batch.ts"
import { unhurried } from "./dispatch.ts"
import { contextOf, event, logged } from "./events.ts"
import { walkAtMost } from "./locks.ts"

type Requests = JobStore["Service"]

interface Count {
  readonly count: number
}

const countOf = ([row]: ReadonlyArray<Count>): number => row?.count ?? 0

const missed = event({
  type: "dead-lettered",
  job: "m",
  seq: "m.seq",
  at: "m.updated_at",
  from: "waiting",
  to: "dead",
  attempt: "m.attempt",
  context: contextOf("j"),
  data: `'{"reason":"deadline"}'`
})

export const endDeadlines = (sql: SqlClient.SqlClient, source: string): Requests["endDeadlines"] => (limit) =>
  sql<Count>`
    WITH now AS MATERIALIZED (SELECT clock_timestamp() AS at),
    late AS MATERIALIZED (
      SELECT * FROM (
        SELECT job_id, state FROM job_state
        WHERE deadline IS NOT NULL AND state IN ('scheduled', 'queued', 'dispatched', 'retrying')
          AND deadline <= (SELECT at FROM now)
        ORDER BY deadline LIMIT ${sql.literal(walkAtMost)} FOR UPDATE SKIP LOCKED
      ) AS first LIMIT ${limit}
    ),
    moved AS (
      UPDATE job_state s SET state = 'dead', seq = s.seq + 1, updated_at = clock_timestamp(),
        finished_at = clock_timestamp()
      FROM late WHERE s.job_id = late.job_id AND s.state = late.state
      RETURNING s.*
    ),
    happened AS (SELECT m.job_id, ${sql.literal(missed)} AS events FROM moved m JOIN job j ON j.id = m.job_id),
    ${logged(sql, source)}
    SELECT count(*)::int4 AS count FROM moved`.pipe(
    Effect.map(countOf),
    storeError("end jobs past their deadline", "write"),
    repeatingConflicts
  )

/** Rows of one fold: some hundredths of a second. */
const foldedRows = 20_000
/** Deleted rows leave holes that only VACUUM makes free again; a table of holes is slow to read. */
const vacuumAfterRows = 10_000

/** Rows that another folder works on are passed over: no row is counted twice, none is forgotten. */
export const foldCounters = (sql: SqlClient.SqlClient): Requests["foldCounters"] => {
  let sinceVacuum = 0
  const fold = sql<Count>`
    WITH ${sql.literal(unhurried)},
    taken AS (
      DELETE FROM counter_delta WHERE ctid = ANY (ARRAY(
        SELECT d.ctid FROM counter_delta d, unhurried LIMIT ${foldedRows} FOR UPDATE OF d SKIP LOCKED
      ))
      RETURNING queue, type, key, n
    ),
    net AS (SELECT queue, type, key, sum(n)::int8 AS n FROM taken GROUP BY queue, type, key HAVING sum(n) <> 0),
    folded AS (
      INSERT INTO counter AS c (queue, type, key, n) SELECT queue, type, key, n FROM net ORDER BY queue, type, key
      ON CONFLICT (queue, type, key) DO UPDATE SET n = c.n + excluded.n
    )
    SELECT count(*)::int4 AS count FROM taken`.pipe(Effect.map(countOf))
  const vacuum = sql`VACUUM (SKIP_LOCKED, TRUNCATE false) counter_delta`
  return Effect.gen(function*() {
    const folded = yield* fold.pipe(storeError("fold counters", "write"), repeatingConflicts)
    sinceVacuum += folded
    if (sinceVacuum >= vacuumAfterRows) {
      yield* vacuum.pipe(storeError("clear away folded counters", "write"))
      sinceVacuum = 0
    }
    return folded
  })
}

const undecodableKept = 1_000

export const recordUndecodable = (sql: SqlClient.SqlClient): Requests["recordUndecodable"] => (messages) =>
  messages.length === 0 ? Effect.void : sql`
    INSERT INTO undecodable_message (source, reason, body)
    SELECT * FROM unnest(
      ${messages.map((message) => storableText(message.source))}::text[],
      ${messages.map((message) => storableText(message.reason))}::text[],
      ${messages.map((message) => storableText(message.body))}::text[]
    )`.pipe(
    Effect.andThen(sql`
      DELETE FROM undecodable_message
      WHERE id < (SELECT id FROM undecodable_message ORDER BY id DESC OFFSET ${undecodableKept - 1} LIMIT 1)`),
    Effect.asVoid,
    storeError("record messages that could not be decoded", "write")
  )
