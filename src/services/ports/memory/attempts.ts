/** Attempts: claimed, reported on and ended, each under its token (rules 13 and 17). */
import type { AttemptError, Progress } from "#domain/Job.ts"
import type { JobId } from "#domain/Job.ts"
import { classOf } from "#domain/JobStatus.ts"
import { rankOf } from "#domain/JobStatus.ts"
import type { AttemptState } from "#domain/JobView.ts"
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
  const { now, tables } = transaction
  const { job } = row
  const dispatchedAt = row.dispatchedAt ?? now
  const rows = tables.typeOf(job.queue, job.type)
  rows.lastClaimedDispatchedAt = Math.max(rows.lastClaimedDispatchedAt, dispatchedAt)
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
    result: undefined
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
    if (row.state === "running") return row.token === token ? [claimedAs(transaction, row, token)] : []
    if (row.state !== "dispatched" || (row.deadline !== undefined && row.deadline <= now)) return []
    start(transaction, row, worker, token)
    return [claimedAs(transaction, row, token)]
  })
}

export const progress = (
  transaction: Transaction,
  reports: ReadonlyArray<{ readonly jobId: JobId; readonly token: string; readonly progress: Progress }>
): void => {
  for (const report of reports) {
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

/** What an error looks like in an event: without its stack. */
const told = ({ message, name, retryable }: AttemptError) => ({ name, message, retryable })

const endAttempt = (row: JobRow, state: AttemptState, now: number, error?: AttemptError, result?: string): void => {
  const attempt = currentAttempt(row)
  if (attempt === undefined) return
  attempt.state = state
  attempt.finishedAt = now
  attempt.error = error
  attempt.result = result
}

const end = (transaction: Transaction, row: JobRow, settlement: Settlement): void => {
  const { now } = transaction
  const { next, runMillis } = settlement
  const worker = row.owner ?? ""
  switch (next._tag) {
    case "complete":
      endAttempt(row, "completed", now, undefined, next.result)
      transaction.move(row, "completed", { finishedAt: now })
      transaction.event(row, "completed", { from: "running", data: { worker, runMillis } })
      return
    case "retry":
    case "die": {
      const failures = row.failures + 1
      endAttempt(row, "failed", now, next.error)
      transaction.event(row, "attempt-failed", { data: { worker, runMillis, error: told(next.error) } })
      if (next._tag === "retry") {
        const runAt = now + next.delayMillis
        transaction.move(row, "retrying", { failures, runAt, rank: rankOf(runAt, row.job.priority) })
        transaction.event(row, "retry-scheduled", { from: "running", data: { delayMillis: next.delayMillis } })
      } else {
        transaction.move(row, "dead", { failures, finishedAt: now })
        transaction.event(row, "dead-lettered", { from: "running", data: { reason: next.reason } })
      }
      return
    }
    case "cancel":
      endAttempt(row, "cancelled", now)
      transaction.move(row, "cancelled", { finishedAt: now })
      transaction.event(row, "cancelled", { from: "running", data: { worker, runMillis } })
      return
    case "release":
      endAttempt(row, "released", now)
      transaction.move(row, "queued")
      transaction.event(row, "released", { from: "running", data: { worker, runMillis } })
  }
}

/** The lease was lost: the job is what it is, its history says that somebody came late. */
const refuse = (transaction: Transaction, row: JobRow, settlement: Settlement): void => {
  const attempt = row.attempts.find(({ token }) => token === settlement.token)
  transaction.event(row, "completion-refused", {
    data: {
      reason: classOf(row.state) === "running" ? "another attempt runs" : "the lease was lost",
      outcome: settlement.next._tag,
      ...(attempt === undefined ? {} : { worker: attempt.worker, lateAttempt: attempt.attempt })
    }
  })
}

export const settle = (
  transaction: Transaction,
  settlements: ReadonlyArray<Settlement>
): ReadonlyArray<Settled> =>
  settlements.map((settlement) => {
    const { jobId, next, token } = settlement
    const row = transaction.tables.jobs.get(jobId)
    if (row === undefined) return { jobId, token, answer: "refused" }
    if (row.state === "running" && row.token === token) {
      if (next._tag === "complete" && !isStorableJson(next.result)) return { jobId, token, answer: "invalid" }
      end(transaction, row, settlement)
      return { jobId, token, answer: "committed" }
    }
    const mine = row.attempts.find((attempt) => attempt.token === token)
    if (mine?.state === endedAs[next._tag]) return { jobId, token, answer: "committed" }
    refuse(transaction, row, settlement)
    return { jobId, token, answer: "refused" }
  })
