/**
 * Ending attempts (rule 17).
 *
 * A settlement counts only while the job carries its token. One that found another token, or none, is looked at a second
 * time: the attempt may hold this very outcome already, by an earlier call whose answer was lost. Else it came too late,
 * and the job's history says so.
 */
import type { JobStore, Settled, Settlement } from "#services/ports/JobStore.ts"
import type { StoreError } from "#services/ports/StoreError.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { storeError } from "../storeError.ts"
import { repeatingConflicts, splittingRefusals } from "./batch.ts"
import { columnsOf } from "./columns.ts"
import { attemptState, contextText, event, logged, maxErrorMessage, rankAt } from "./events.ts"
import { byJob, stateOf } from "./locks.ts"
import { isStorableSettlement } from "./refusals.ts"
import { make as makeRefuse } from "./refuse.ts"

interface Moved {
  readonly jobId: string
  readonly token: string
}

/** Where the job goes. A cancellation that was asked for ends every attempt that did not complete. */
const nextState = `CASE
    WHEN i.outcome = 'complete' THEN 'completed'
    WHEN i.outcome = 'cancel' OR s.cancel_requested_at IS NOT NULL THEN 'cancelled'
    WHEN i.outcome = 'retry' THEN 'retrying'
    WHEN i.outcome = 'die' THEN 'dead'
    ELSE 'queued'
  END`

const ended = {
  job: "m",
  at: "m.updated_at",
  from: "running",
  attempt: "m.attempt",
  context: "m.context"
} as const

const runMillis = `concat('"worker":"', m.worker, '","runMillis":', m.run_ms)`

const attemptFailed = event({
  ...ended,
  type: "attempt-failed",
  seq: "m.seq - 1",
  to: "running",
  data: `concat('{', ${runMillis}, ',"error":', m.told, '}')`
})

const last = event({
  ...ended,
  type: {
    sql: `CASE m.state WHEN 'retrying' THEN 'retry-scheduled' WHEN 'dead' THEN 'dead-lettered'
      WHEN 'queued' THEN 'released' ELSE m.state END`
  },
  seq: "m.seq",
  to: { sql: "CASE WHEN m.state IN ('retrying', 'queued') THEN 'waiting' ELSE m.state END" },
  data: `CASE m.state
      WHEN 'retrying' THEN concat('{"delayMillis":', m.delay_ms, '}')
      WHEN 'dead' THEN concat('{"reason":', to_json(m.reason), '}')
      ELSE concat('{', ${runMillis}, '}')
    END`
})

const told = ({ next }: Settlement): string | undefined =>
  next._tag === "retry" || next._tag === "die"
    ? JSON.stringify({
      name: next.error.name,
      message: cut(next.error.message),
      retryable: next.error.retryable
    })
    : undefined

/** Not within a pair of surrogates. */
const cut = (message: string): string => {
  const end = message.charCodeAt(maxErrorMessage - 1) >> 10 === 0xD800 >> 10 ? maxErrorMessage - 1 : maxErrorMessage
  return message.slice(0, end)
}

const keyOf = ({ jobId, token }: Moved): string => jobId + token

export const make = (sql: SqlClient.SqlClient, source: string): JobStore["Service"]["settle"] => {
  const { floats, texts, uuids } = columnsOf(sql)
  const refuse = makeRefuse(sql, source)

  const end = (settlements: ReadonlyArray<Settlement>) =>
    sql<Moved>`
      WITH locked AS MATERIALIZED (
        SELECT i.*, clock_timestamp() + i.delay_ms * interval '1 millisecond' AS retry_at, s.owner AS worker
        FROM unnest(
          ${uuids(settlements.map((one) => one.jobId))}, ${uuids(settlements.map((one) => one.token))},
          ${texts(settlements.map((one) => one.next._tag))}, ${floats(settlements.map((one) => one.runMillis))},
          ${floats(settlements.map(({ next }) => next._tag === "retry" ? next.delayMillis : 0))},
          ${texts(settlements.map(({ next }) => next._tag === "die" ? next.reason : undefined))},
          ${texts(settlements.map(({ next }) => next._tag === "complete" ? next.result : undefined))},
          ${texts(settlements.map(({ next }) => "error" in next ? JSON.stringify(next.error) : undefined))},
          ${texts(settlements.map(told))},
          ${texts(settlements.map((one) => contextText(one.traceparent, one.correlationId)))}
        ) AS i (job_id, token, outcome, run_ms, delay_ms, reason, result, error, told, context),
        ${stateOf(sql, "i.job_id")}
        WHERE s.lease_token = i.token
      ),
      moved AS (
        UPDATE job_state s SET state = ${sql.literal(nextState)},
          seq = s.seq + CASE WHEN i.outcome IN ('retry', 'die') THEN 2 ELSE 1 END,
          failures = s.failures + CASE WHEN i.outcome IN ('retry', 'die') THEN 1 ELSE 0 END,
          run_at = CASE WHEN i.outcome = 'retry' THEN i.retry_at ELSE s.run_at END,
          rank = CASE WHEN i.outcome = 'retry' THEN ${sql.literal(rankAt("i.retry_at"))} ELSE s.rank END,
          lease_token = NULL, owner = NULL, attempt_deadline = NULL, updated_at = clock_timestamp(),
          finished_at = CASE WHEN ${sql.literal(nextState)} IN ('completed', 'dead', 'cancelled')
            THEN clock_timestamp() END
        FROM locked i WHERE s.job_id = i.job_id AND s.lease_token = i.token
        RETURNING s.job_id, s.queue, s.type, s.state, s.attempt, s.seq, s.updated_at, i.worker, i.token,
          i.outcome, i.run_ms, i.delay_ms, i.reason, i.result, i.error, i.told, i.context
      ),
      attempts AS (
        UPDATE attempt a SET state = ${sql.literal(attemptState("m.outcome"))}, finished_at = m.updated_at,
          error = nullif(m.error, '')::json, result = nullif(m.result, '')::json
        FROM moved m WHERE a.job_id = m.job_id AND a.attempt = m.attempt
      ),
      happened AS (
        SELECT m.job_id, concat(
          CASE WHEN m.outcome IN ('retry', 'die') THEN concat(${sql.literal(attemptFailed)}, ',') END,
          ${sql.literal(last)}
        ) AS events
        FROM moved m
      ),
      ${logged(sql, source)}
      SELECT job_id::text AS "jobId", token::text AS token FROM moved`.pipe(
      storeError("settle attempts", "write"),
      repeatingConflicts
    )

  const settle = Effect.fnUntraced(function*(settlements: ReadonlyArray<Settlement>) {
    const moved = new Set((yield* end(settlements)).map(keyOf))
    const missing = settlements.filter((one) => !moved.has(keyOf(one)))
    const committed = missing.length === 0 ? new Set<string>() : new Set((yield* refuse(missing)).map(keyOf))
    return settlements.map((one): Settled => ({
      jobId: one.jobId,
      token: one.token,
      answer: moved.has(keyOf(one)) || committed.has(keyOf(one)) ? "committed" : "refused"
    }))
  })

  const invalid = ({ jobId, token }: Settlement): Settled => ({ jobId, token, answer: "invalid" })

  return Effect.fnUntraced(function*(settlements): Effect.fn.Return<ReadonlyArray<Settled>, StoreError> {
    const storable = byJob(settlements.filter(isStorableSettlement))
    const settled = storable.length === 0 ? [] : yield* splittingRefusals(storable, settle, invalid)
    const answers = new Map(settled.map((answer) => [keyOf(answer), answer]))
    return settlements.map((one) => answers.get(keyOf(one)) ?? invalid(one))
  })
}
