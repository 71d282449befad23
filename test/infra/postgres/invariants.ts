/** What must hold in PostgreSQL whenever nobody is writing, asked of its tables and not of the stores. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Each finds what breaks it. */
const broken: Readonly<Record<string, string>> = {
  "counters are the jobs per state": `
    WITH counted AS (
      SELECT queue, type, key, sum(n) AS n FROM (
        SELECT queue, type, key, n FROM counter UNION ALL SELECT queue, type, key, n FROM counter_delta
      ) AS parts GROUP BY queue, type, key
    ), real AS (
      SELECT queue, type, state AS key, count(*) AS n FROM job_state GROUP BY 1, 2, 3
      UNION ALL SELECT queue, type, 'accepted', count(*) FROM job GROUP BY 1, 2
      UNION ALL SELECT queue, type, 'claims', sum(attempt) FROM job_state GROUP BY 1, 2
    )
    SELECT queue, type, key, counted.n AS counted, real.n AS real FROM counted FULL JOIN real USING (queue, type, key)
    WHERE coalesce(counted.n, 0) <> coalesce(real.n, 0)`,
  "events are numbered without gaps, as often as the job says": `
    SELECT s.job_id, s.seq, e.seqs FROM job_state s LEFT JOIN (
      SELECT job, array_agg(seq ORDER BY seq) AS seqs FROM events GROUP BY job
    ) AS e ON e.job = s.job_id
    WHERE e.seqs IS DISTINCT FROM ARRAY(SELECT generate_series(1, s.seq))`,
  "each event starts where the one before it ended": `
    SELECT job, seq, type, came_from, before FROM (
      SELECT *, lag(went_to, 1, 'none') OVER (PARTITION BY job ORDER BY seq) AS before FROM events
    ) AS chained WHERE came_from <> before`,
  "the last event ended where the job is": `
    SELECT s.job_id, s.state, e.went_to FROM job_state s JOIN events e ON e.job = s.job_id AND e.seq = s.seq
    WHERE e.went_to <> CASE WHEN s.state IN ('scheduled', 'queued', 'dispatched', 'retrying') THEN 'waiting'
      ELSE s.state END`,
  "a job ends once, and once more for each replay": `
    SELECT s.job_id, s.state, e.ends, e.replays FROM job_state s JOIN (
      SELECT job, count(*) FILTER (WHERE went_to IN ('completed', 'dead', 'cancelled') AND came_from <> went_to) AS ends,
        count(*) FILTER (WHERE type = 'replayed') AS replays
      FROM events GROUP BY job
    ) AS e ON e.job = s.job_id
    WHERE e.ends <> e.replays + CASE WHEN s.state IN ('completed', 'dead', 'cancelled') THEN 1 ELSE 0 END`,
  "attempts are numbered without gaps, and only the last one runs": `
    SELECT s.job_id, s.state, s.attempt, a.numbers, a.running FROM job_state s LEFT JOIN (
      SELECT job_id, array_agg(attempt ORDER BY attempt) AS numbers,
        max(attempt) FILTER (WHERE state = 'running') AS running
      FROM attempt GROUP BY job_id
    ) AS a USING (job_id)
    WHERE coalesce(a.numbers, '{}') <> ARRAY(SELECT generate_series(1, s.attempt))
      OR a.running IS DISTINCT FROM CASE s.state WHEN 'running' THEN s.attempt END`,
  "a running job has the token of its attempt": `
    SELECT s.job_id FROM job_state s JOIN attempt a ON a.job_id = s.job_id AND a.attempt = s.attempt
    WHERE s.state = 'running' AND (s.lease_token <> a.token OR s.owner <> a.worker_id)`,
  "the jobs of a log row are those of its events": `
    SELECT id FROM event_log WHERE ARRAY(SELECT DISTINCT unnest(jobs) ORDER BY 1) <>
      ARRAY(SELECT DISTINCT (e ->> 'job')::uuid FROM json_array_elements(body) AS e WHERE e ->> 'job' IS NOT NULL ORDER BY 1)`,
  "a row of the log has at most 500 events and 256 KiB": `
    SELECT id FROM event_log WHERE json_array_length(body) > 500 OR octet_length(body::text) > 262144`,
  "a key belongs to a job that is there": `
    SELECT k.key FROM idempotency_key k LEFT JOIN job ON job.id = k.job_id WHERE job.id IS NULL`
}

const events = `WITH events AS MATERIALIZED (
  SELECT (e ->> 'job')::uuid AS job, (e ->> 'seq')::int4 AS seq, e ->> 'type' AS type, e ->> 'from' AS came_from,
    e ->> 'to' AS went_to
  FROM event_log, json_array_elements(body) AS e WHERE e ->> 'job' IS NOT NULL
)`

export const checkInvariants = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  for (const [rule, query] of Object.entries(broken)) {
    const found = yield* sql.unsafe(`${events} SELECT found.* FROM (${query}) AS found LIMIT 5`)
    assert.deepStrictEqual(found, [], rule)
  }
})

/** Sessions of the pool of a client. */
const sessions = 8
/** A session tells its statistics with the first transaction that ends this long after it last did. */
const statisticsMillis = 1_100

/** Deadlocks in this database that PostgreSQL had to break. */
export const deadlocks = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.sleep(statisticsMillis)
  yield* Effect.all(Array.from({ length: sessions }, () => sql`SELECT pg_sleep(0.05)`), { concurrency: "unbounded" })
  const [row] = yield* sql<{ readonly deadlocks: number }>`
    SELECT deadlocks::int4 FROM pg_stat_database WHERE datname = current_database()`
  return row?.deadlocks ?? 0
})
