/** What operators do to a job or a queue; each act is in the audit log (rules 12 and 18). */
import type { Actor } from "#domain/Access.ts"
import { type JobId, JobNotFound, type QueueName } from "#domain/Job.ts"
import { classOf, rankOf, statusOf, WrongState } from "#domain/JobStatus.ts"
import { QueueInState, QueueNotFound } from "#domain/Queue.ts"
import { Result } from "effect"
import type { CancelAnswer } from "../JobStore.ts"
import type { Transaction } from "./Transaction.ts"

export const cancel = (
  transaction: Transaction,
  jobId: JobId,
  actor: Actor
): Result.Result<CancelAnswer, JobNotFound | WrongState> => {
  const row = transaction.tables.jobs.get(jobId)
  if (row === undefined) return Result.fail(new JobNotFound({ jobId }))
  const data = { actor: actor.name }
  switch (classOf(row.state)) {
    case "waiting": {
      const { now } = transaction
      transaction.move(row, "cancelled", { cancelRequestedAt: row.cancelRequestedAt ?? now, finishedAt: now })
      const eventId = transaction.event(row, "cancelled", { from: "waiting", data })
      transaction.audit(actor, "cancel", jobId)
      return Result.succeed({ _tag: "Cancelled", eventId })
    }
    case "running": {
      if (row.owner === undefined) break
      if (row.cancelRequestedAt !== undefined) {
        return Result.succeed({ _tag: "Requested", eventId: `${jobId}:${row.seq}`, worker: row.owner })
      }
      row.cancelRequestedAt = transaction.now
      const eventId = transaction.event(row, "cancel-requested", { data })
      transaction.audit(actor, "cancel", jobId)
      return Result.succeed({ _tag: "Requested", eventId, worker: row.owner })
    }
  }
  return Result.fail(new WrongState({ jobId, action: "cancel", status: statusOf(row.state) }))
}

export const replay = (
  transaction: Transaction,
  jobId: JobId,
  actor: Actor
): Result.Result<{ readonly eventId: string }, JobNotFound | WrongState> => {
  const row = transaction.tables.jobs.get(jobId)
  if (row === undefined) return Result.fail(new JobNotFound({ jobId }))
  if (row.state !== "dead") {
    return Result.fail(new WrongState({ jobId, action: "replay", status: statusOf(row.state) }))
  }
  const { now } = transaction
  transaction.move(row, "queued", {
    failures: 0,
    runAt: now,
    rank: rankOf(now, row.job.priority),
    deadline: undefined,
    cancelRequestedAt: undefined,
    finishedAt: undefined
  })
  const eventId = transaction.event(row, "replayed", { from: "dead", data: { actor: actor.name } })
  transaction.audit(actor, "replay", jobId)
  return Result.succeed({ eventId })
}

export const pause = (
  transaction: Transaction,
  name: QueueName,
  actor: Actor
): Result.Result<{ readonly recalled: number }, QueueNotFound | QueueInState> => {
  const queue = transaction.tables.queues.get(name)
  if (queue === undefined) return Result.fail(new QueueNotFound({ queue: name }))
  if (queue.paused) return Result.fail(new QueueInState({ queue: name, paused: true }))
  queue.paused = true
  queue.pausedAt = transaction.now
  queue.pausedBy = actor.name
  let recalled = 0
  for (const { dispatched } of queue.types.values()) {
    for (const row of dispatched) {
      transaction.move(row, "queued", { dispatchedAt: undefined })
      recalled += 1
    }
  }
  transaction.operatorEvent("queue-paused", name, actor)
  transaction.audit(actor, "pause", name)
  return Result.succeed({ recalled })
}

export const resume = (
  transaction: Transaction,
  name: QueueName,
  actor: Actor
): Result.Result<void, QueueNotFound | QueueInState> => {
  const queue = transaction.tables.queues.get(name)
  if (queue === undefined) return Result.fail(new QueueNotFound({ queue: name }))
  if (!queue.paused) return Result.fail(new QueueInState({ queue: name, paused: false }))
  queue.paused = false
  queue.pausedAt = undefined
  queue.pausedBy = undefined
  transaction.operatorEvent("queue-resumed", name, actor)
  transaction.audit(actor, "resume", name)
  return Result.succeed(undefined)
}
