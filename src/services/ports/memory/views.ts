/** How rows of jobs are shown. */
import { statusOf } from "#domain/JobStatus.ts"
import { type JobSummary, type JobView } from "#domain/JobView.ts"
import type { WorkerId } from "#domain/Worker.ts"
import type { JobRow, Tables } from "./Tables.ts"

/** Milliseconds since 1970 as ISO 8601. */
export const instant = (millis: number): string => new Date(millis).toISOString()
export const instantOrNull = (millis: number | undefined): string | null =>
  millis === undefined ? null : instant(millis)

/** Of one job, the newest. */
const attemptsShown = 1_000

const workerName = (tables: Tables, id: WorkerId): string => tables.workers.get(id)?.name ?? id

export const summaryOf = (tables: Tables, row: JobRow): JobSummary => ({
  id: row.job.id,
  type: row.job.type,
  queue: row.job.queue,
  status: statusOf(row.state),
  priority: row.job.priority,
  attempt: row.attempt,
  failures: row.failures,
  maxAttempts: row.job.maxAttempts,
  tags: row.job.tags,
  correlationId: row.job.correlationId ?? null,
  runAt: instant(row.runAt),
  createdAt: instant(row.createdAt),
  updatedAt: instant(row.updatedAt),
  finishedAt: instantOrNull(row.finishedAt),
  cancelRequestedAt: instantOrNull(row.cancelRequestedAt),
  worker: row.owner === undefined ? null : workerName(tables, row.owner),
  progress: row.progress ?? null
})

export const viewOf = (tables: Tables, row: JobRow): JobView => {
  const result = row.attempts.findLast(({ state }) => state === "completed")?.result
  return {
    ...summaryOf(tables, row),
    payload: JSON.parse(row.job.payload),
    result: result === undefined ? null : JSON.parse(result),
    lastError: row.attempts.findLast(({ error }) => error !== undefined)?.error ?? null,
    backoff: row.job.backoff,
    timeoutMillis: row.job.timeoutMillis,
    deadline: instantOrNull(row.deadline),
    idempotencyKey: row.job.idempotency?.key ?? null,
    traceparent: row.job.traceparent ?? null,
    sequence: row.seq,
    attempts: row.attempts.slice(-attemptsShown).map((attempt) => ({
      attempt: attempt.attempt,
      state: attempt.state,
      worker: workerName(tables, attempt.worker),
      startedAt: instant(attempt.startedAt),
      finishedAt: instantOrNull(attempt.finishedAt),
      error: attempt.error ?? null
    }))
  }
}
