/**
 * Storing new jobs with their idempotency keys (rule 8).
 *
 * One statement takes the keys in their order, inserts the jobs that won theirs, and logs them. A key that another
 * transaction is just taking is waited for. What the statement did not insert is looked at by a second one, which sees
 * what the first had to wait for.
 */
import type { JobId } from "#domain/Job.ts"
import { type JobState, statusOf } from "#domain/JobStatus.ts"
import type { Accepted, NewJob } from "#services/ports/JobStore.ts"
import { StoreError } from "#services/ports/StoreError.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { storeError } from "../storeError.ts"
import { repeatingConflicts, splittingRefusals } from "./batch.ts"
import { columnsOf, nested } from "./columns.ts"
import { contextOf, event, logged, millis } from "./events.ts"
import * as KnownQueues from "./KnownQueues.ts"
import { fromLeader, merge } from "./merge.ts"
import { detailOf, unstorableJob } from "./refusals.ts"

/** Jobs and bytes of payloads in one statement: it is held in memory whole, here and there. */
const maxJobs = 1_000
const maxBytes = 16 * 1024 * 1024
/** A key that runs out between the two statements is tried again; it cannot run out for ever. */
const maxRounds = 5

const created = event({
  type: "created",
  job: "j",
  seq: "1",
  at: "j.created_at",
  from: "none",
  to: "waiting",
  context: contextOf("j")
})

interface Inserted {
  readonly jobId: JobId
  readonly state: JobState
}

interface Missed {
  readonly id: JobId
  /** Of the job with this id; null when there is none. */
  readonly state: JobState | null
  /** Of the key, when it is held. */
  readonly holder: JobId | null
  readonly bodyHash: string | null
  readonly status: JobState | null
}

/** Answers in the order of the jobs. */
export const make = (sql: SqlClient.SqlClient, source: string) => {
  const { floats, integers, texts, uuids } = columnsOf(sql)
  const knownQueues = KnownQueues.make(sql)
  const insert = (jobs: ReadonlyArray<NewJob>) =>
    sql<Inserted>`
      WITH now AS MATERIALIZED (SELECT clock_timestamp() AS at),
      input AS MATERIALIZED (
        SELECT i.*, greatest(now.at, to_timestamp(i.run_at_ms / 1000)) AS run_at,
          CASE WHEN to_timestamp(i.run_at_ms / 1000) > now.at THEN 'scheduled' ELSE 'queued' END AS state,
          nullif(i.key_text, '') AS key, now.at + i.ttl_ms * interval '1 millisecond' AS expires_at
        FROM now, unnest(
          ${uuids(jobs.map((job) => job.id))}, ${texts(jobs.map((job) => job.type))},
          ${texts(jobs.map((job) => job.queue))}, ${texts(jobs.map((job) => job.payload))},
          ${integers(jobs.map((job) => job.priority))}, ${floats(jobs.map((job) => job.runAt))},
          ${integers(jobs.map((job) => job.maxAttempts))}, ${texts(jobs.map((job) => JSON.stringify(job.backoff)))},
          ${integers(jobs.map((job) => job.timeoutMillis))}, ${floats(jobs.map((job) => job.deadline))},
          ${texts(jobs.map((job) => nested(job.tags)))}, ${texts(jobs.map((job) => job.correlationId))},
          ${texts(jobs.map((job) => job.traceparent))}, ${texts(jobs.map((job) => job.submittedBy))},
          ${texts(jobs.map((job) => job.idempotency?.scope))}, ${texts(jobs.map((job) => job.idempotency?.key))},
          ${texts(jobs.map((job) => job.idempotency?.bodyHash))}, ${
      floats(jobs.map((job) => job.idempotency?.ttlMillis))
    }
        ) AS i (id, type, queue, payload, priority, run_at_ms, max_attempts, backoff, timeout_ms, deadline_ms, tags,
          correlation_id, traceparent, submitted_by, scope, key_text, body_hash, ttl_ms)
      ),
      keys AS (
        INSERT INTO idempotency_key AS held (scope, key, job_id, body_hash, status, expires_at)
        SELECT scope, key, id, body_hash, state, expires_at FROM input WHERE key IS NOT NULL ORDER BY scope, key
        ON CONFLICT (scope, key) DO UPDATE SET job_id = excluded.job_id, body_hash = excluded.body_hash,
          status = excluded.status, expires_at = excluded.expires_at
        WHERE held.expires_at <= clock_timestamp()
        RETURNING job_id
      ),
      jobs AS (
        INSERT INTO job (id, type, queue, payload, payload_bytes, priority, max_attempts, backoff, timeout_ms, deadline,
          tags, correlation_id, idempotency_key, traceparent, submitted_by, created_at)
        SELECT id, type, queue, payload::json, octet_length(payload), priority, max_attempts, backoff::json, timeout_ms,
          to_timestamp(deadline_ms / 1000), tags::text[], nullif(correlation_id, ''), key, nullif(traceparent, ''),
          submitted_by, now.at
        FROM input, now WHERE key IS NULL OR id IN (SELECT job_id FROM keys) ORDER BY id
        ON CONFLICT (id) DO NOTHING
        RETURNING id AS job_id, queue, type, traceparent, correlation_id, created_at
      ),
      states AS (
        INSERT INTO job_state (job_id, queue, type, state, rank, run_at, max_attempts, deadline, seq, updated_at)
        SELECT id, queue, type, state, ${sql.literal(millis("run_at"))} - priority * 60000, run_at, max_attempts,
          to_timestamp(deadline_ms / 1000), 1, now.at
        FROM input, now WHERE (id IN (SELECT job_id FROM jobs)) IS TRUE ORDER BY id
        RETURNING job_id, state
      ),
      happened AS (SELECT j.job_id, ${sql.literal(created)} AS events FROM jobs j),
      ${logged(sql, source)}
      SELECT job_id::text AS "jobId", state FROM states`

  /** Why a job was not inserted. */
  const look = (jobs: ReadonlyArray<NewJob>) =>
    sql<Missed>`
      SELECT i.id::text, s.state, k.job_id::text AS holder, k.body_hash AS "bodyHash", k.status
      FROM unnest(
        ${uuids(jobs.map((job) => job.id))}, ${texts(jobs.map((job) => job.idempotency?.scope))},
        ${texts(jobs.map((job) => job.idempotency?.key))}
      ) AS i (id, scope, key)
      LEFT JOIN job_state s ON s.job_id = i.id
      LEFT JOIN idempotency_key k ON k.scope = i.scope AND k.key = i.key AND k.expires_at > clock_timestamp()`

  /** Jobs with ids and keys of their own. */
  const commit = Effect.fnUntraced(function*(jobs: ReadonlyArray<NewJob>) {
    const answers = new Map<JobId, Accepted>()
    let open = jobs
    for (let round = 0; open.length > 0; round++) {
      if (round === maxRounds) return yield* keysRunOut
      yield* knownQueues.ensure(open.map((job) => job.queue))
      for (const { jobId, state } of yield* insert(open)) answers.set(jobId, accepted(jobId, state))
      const missing = open.filter((job) => !answers.has(job.id))
      if (missing.length === 0) break
      const byId = new Map((yield* look(missing)).map((row) => [row.id, row]))
      for (const job of missing) {
        const answer = whyMissed(job, byId.get(job.id))
        if (answer !== undefined) answers.set(job.id, answer)
      }
      open = missing.filter((job) => !answers.has(job.id))
    }
    return jobs.map((job) => answers.get(job.id) ?? refused("the store gave no answer"))
  }, storeError("accept jobs", "write"))

  const commitAll = (jobs: ReadonlyArray<NewJob>) =>
    Effect.map(
      Effect.forEach(inStatements(jobs), (some) =>
        splittingRefusals(some, (items) =>
          repeatingConflicts(commit(items)), (_, error) => refused(detailOf(error)))),
      (answers) =>
        answers.flat()
    )

  const accept = (jobs: ReadonlyArray<NewJob>): Effect.Effect<ReadonlyArray<Accepted>, StoreError> =>
    Effect.gen(function*() {
      if (jobs.length === 0) return []
      const { first, later } = merge(jobs)
      const answers = new Map<NewJob, Accepted>()
      const storable: Array<NewJob> = []
      for (const job of first) {
        const detail = unstorableJob(job)
        if (detail === undefined) storable.push(job)
        else answers.set(job, refused(detail))
      }
      const committed = yield* commitAll(storable)
      storable.forEach((job, index) => answers.set(job, committed[index] ?? refused("the store gave no answer")))

      const again: Array<NewJob> = []
      for (const [job, leader] of later) {
        const answer = fromLeader(job, leader, answers.get(leader))
        if (answer === undefined) again.push(job)
        else answers.set(job, answer)
      }
      const second = yield* accept(again)
      again.forEach((job, index) => answers.set(job, second[index] ?? refused("the store gave no answer")))
      return jobs.map((job) => answers.get(job) ?? refused("the store gave no answer"))
    })
  return accept
}

const keysRunOut = new StoreError({
  operation: "accept jobs",
  reason: "conflict",
  cause: new Error("idempotency keys ran out while they were looked at")
})

const refused = (detail: string): Accepted => ({ _tag: "Refused", detail })

const accepted = (jobId: JobId, state: JobState): Accepted => ({
  _tag: "Accepted",
  jobId,
  eventId: `${jobId}:1`,
  status: statusOf(state)
})

/** Undefined: its key has run out meanwhile, so that it is free. */
const whyMissed = (job: NewJob, row: Missed | undefined): Accepted | undefined => {
  if (row === undefined) return undefined
  if (row.state !== null) return accepted(job.id, row.state)
  if (row.holder === null || row.status === null) return undefined
  if (row.holder === job.id) return accepted(job.id, row.status)
  return row.bodyHash === job.idempotency?.bodyHash
    ? { _tag: "Replayed", jobId: row.holder, eventId: `${row.holder}:1`, status: statusOf(row.status) }
    : { _tag: "KeyConflict", jobId: row.holder }
}

/** Cut where the next job would make the statement too large. */
const inStatements = (jobs: ReadonlyArray<NewJob>): ReadonlyArray<ReadonlyArray<NewJob>> => {
  const statements: Array<Array<NewJob>> = []
  let last: Array<NewJob> = []
  let bytes = 0
  for (const job of jobs) {
    if (last.length === 0 || last.length === maxJobs || bytes + job.payload.length > maxBytes) {
      last = []
      bytes = 0
      statements.push(last)
    }
    last.push(job)
    bytes += job.payload.length
  }
  return statements
}
