/** Attempts: claimed, reported on and ended, each under its token (rules 13 and 17). */
import type { AttemptError, JobId, Progress } from "#domain/Job.ts"
import { rankOf } from "#domain/JobStatus.ts"
import { findUnstorable, findUnstorableIn } from "#domain/Json.ts"
import type { WorkerId } from "#domain/Worker.ts"
import type { Claim, ClaimedJob, Settled, Settlement } from "../JobStore.ts"
import { isStorableJson } from "./accept.ts"
import type { AttemptRow, JobRow } from "./Tables.ts"
import type { Transaction } from "./Transaction.ts"

const claimedAs = ({ now }: Transaction, row: JobRow, token: string): ClaimedJob => {
  const { job } = row
  return {
    jobId: job.id,
    token,
    type: job.type,
    queue: job.queue,
    payload: JSON.parse(job.payload),
    attempt: row.attempt,
    failures: row.failures,
    maxAttempts: job.maxAttempts,
    backoff: job.backoff,
    timeoutMillis: job.timeoutMillis,
    deadlineInMillis: row.deadline === undefined ? undefined : row.deadline - now,
    tags: job.tags,
    correlationId: job.correlationId,
    traceparent: job.traceparent,
    waitMillis: waitOf(row)
  }
}

const currentAttempt = (row: JobRow): AttemptRow | undefined => row.attempts.at(-1)
const waitOf = (row: JobRow): number => Math.max(0, (currentAttempt(row)?.startedAt ?? row.runAt) - row.runAt)

const start = (transaction: Transaction, row: JobRow, worker: WorkerId, token: string): void => {
  const { now } = transaction
  const { job } = row
  const dispatchedAt = row.dispatchedAt ?? now
  transaction.move(row, "running", {
    attempt: row.attempt + 1,
    token,
    owner: worker,
    attemptDeadline: now + job.timeoutMillis,
    progress: undefined
  })
  row.attempts.push({
    attempt: row.attempt,
    token,
    worker,
    startedAt: now,
    state: "running",
    finishedAt: undefined,
    error: undefined,
    result: undefined,
    isRefused: false
  })
  transaction.event(row, "dispatched", { at: dispatchedAt, from: "waiting", to: "waiting" })
  transaction.event(row, "started", { from: "waiting", data: { worker, waitMillis: waitOf(row) } })
}

export const claim = (
  transaction: Transaction,
  worker: WorkerId,
  claims: ReadonlyArray<Claim>
): ReadonlyArray<ClaimedJob> => {
  const { now, tables } = transaction
  if (tables.workers.get(worker)?.state !== "live") return []
  return claims.flatMap(({ jobId, token }) => {
    const row = tables.jobs.get(jobId)
    if (row === undefined) return []
    if (row.state === "running") {
      return row.token === token && row.owner === worker ? [claimedAs(transaction, row, token)] : []
    }
    if (row.state !== "dispatched" || (row.deadline !== undefined && row.deadline <= now)) return []
    start(transaction, row, worker, token)
    return [claimedAs(transaction, row, token)]
  })
}

export const progress = (
  transaction: Transaction,
  reports: ReadonlyArray<{ readonly jobId: JobId; readonly token: string; readonly progress: Progress }>
): void => {
  // Of several reports of one attempt the last one holds.
  for (const report of new Map(reports.map((one) => [one.token, one])).values()) {
    const row = transaction.tables.jobs.get(report.jobId)
    if (row?.state !== "running" || row.token !== report.token) continue
    row.progress = report.progress
    transaction.event(row, "progressed", { data: { progress: report.progress } })
  }
}

const endedAs = {
  complete: "completed",
  retry: "failed",
  die: "failed",
  cancel: "cancelled",
  release: "released"
} as const

/** Characters of an error's message in an event; the attempt keeps all of it. */
const maxErrorMessage = 500

/** What an error looks like in an event. A pair of surrogates is not cut in two. */
const told = ({ message, name, retryable }: AttemptError) => ({
  name,
  message: message.slice(0, maxErrorMessage).isWellFormed()
    ? message.slice(0, maxErrorMessage)
    : message.slice(0, maxErrorMessage - 1),
  retryable
})

const endAttempt = (row: JobRow, { next }: Settlement, now: number): void => {
  const attempt = currentAttempt(row)
  if (attempt === undefined) return
  attempt.state = endedAs[next._tag]
  attempt.finishedAt = now
  attempt.error = "error" in next ? next.error : undefined
  attempt.result = next._tag === "complete" ? next.result : undefined
}

/** A cancellation that was asked for ends every attempt that did not complete. */
const end = (transaction: Transaction, row: JobRow, settlement: Settlement): void => {
  const { now } = transaction
  const { next, runMillis } = settlement
  const ran = { worker: row.owner ?? "", runMillis }
  const hasFailed = next._tag === "retry" || next._tag === "die"
  const failures = hasFailed ? row.failures + 1 : row.failures
  endAttempt(row, settlement, now)
  if (hasFailed) transaction.event(row, "attempt-failed", { data: { ...ran, error: told(next.error) } })
  if (next._tag === "complete") {
    transaction.move(row, "completed", { finishedAt: now })
    transaction.event(row, "completed", { from: "running", data: ran })
  } else if (next._tag === "cancel" || row.cancelRequestedAt !== undefined) {
    transaction.move(row, "cancelled", { failures, finishedAt: now })
    transaction.event(row, "cancelled", { from: "running", data: ran })
  } else if (next._tag === "retry") {
    const runAt = now + next.delayMillis
    transaction.move(row, "retrying", { failures, runAt, rank: rankOf(runAt, row.job.priority) })
    transaction.event(row, "retry-scheduled", { from: "running", data: { delayMillis: next.delayMillis } })
  } else if (next._tag === "die") {
    transaction.move(row, "dead", { failures, finishedAt: now })
    transaction.event(row, "dead-lettered", { from: "running", data: { reason: next.reason } })
  } else {
    transaction.move(row, "queued")
    transaction.event(row, "released", { from: "running", data: ran })
  }
}

/** The job is what it is; its history says, once for an attempt, that somebody came late. */
const refuse = (transaction: Transaction, row: JobRow, { next, token }: Settlement): void => {
  const attempt = row.attempts.find((one) => one.token === token)
  if (attempt?.isRefused === true) return
  if (attempt !== undefined) attempt.isRefused = true
  transaction.event(row, "completion-refused", {
    data: {
      reason: row.state === "running" ? "another attempt runs" : "the lease was lost",
      outcome: next._tag,
      ...(attempt === undefined ? {} : { worker: attempt.worker, lateAttempt: attempt.attempt })
    }
  })
}

const isStorable = ({ next }: Settlement): boolean => {
  if (next._tag === "complete") return findUnstorableIn(next.result) === undefined
  return !("error" in next) || findUnstorable(next.error) === undefined
}

/** What ends an attempt comes first; what came too late is a transaction of its own, which sees those ends. */
export const settle = (
  transaction: Transaction,
  settlements: ReadonlyArray<Settlement>
): ReadonlyArray<Settled> => {
  const { jobs } = transaction.tables
  const answers = new Map<Settlement, Settled["answer"]>()
  for (const settlement of settlements) {
    const { jobId, next, token } = settlement
    const row = jobs.get(jobId)
    const isCurrent = row?.state === "running" && row.token === token
    if (!isStorable(settlement) || (isCurrent && next._tag === "complete" && !isStorableJson(next.result))) {
      answers.set(settlement, "invalid")
    } else if (isCurrent) {
      end(transaction, row, settlement)
      answers.set(settlement, "committed")
    }
  }
  transaction.commit()
  return settlements.map((settlement) => {
    const { jobId, next, token } = settlement
    const answer = answers.get(settlement)
    if (answer !== undefined) return { jobId, token, answer }
    const row = jobs.get(jobId)
    const mine = row?.attempts.find((attempt) => attempt.token === token)
    if (mine?.state === endedAs[next._tag]) return { jobId, token, answer: "committed" }
    if (row !== undefined) refuse(transaction, row, settlement)
    return { jobId, token, answer: "refused" }
  })
}
