/** Workers and their leases in memory. */
import type { AttemptError } from "#domain/Job.ts"
import { rankOf } from "#domain/JobStatus.ts"
import { leaseMillis, overdueGraceMillis, type WorkerId } from "#domain/Worker.ts"
import { Effect, Layer } from "effect"
import { type Reaped, WorkerStore } from "../WorkerStore.ts"
import { MemoryDatabase } from "./MemoryDatabase.ts"
import type { JobRow, Tables } from "./Tables.ts"
import type { Transaction } from "./Transaction.ts"

type Loss = "lease-expired" | "overdue"

/** As the attempt keeps it. */
const errors: Record<Loss, AttemptError> = {
  "lease-expired": { name: "LeaseExpired", message: "the worker lost its lease", retryable: true },
  overdue: { name: "AttemptOverdue", message: "the worker did not end the attempt in time", retryable: true }
}

const takeBack = (transaction: Transaction, row: JobRow, reason: Loss): "retrying" | "dead" | "cancelled" => {
  const { now } = transaction
  const attempt = row.attempts.at(-1)
  if (attempt !== undefined) {
    attempt.state = "lease-expired"
    attempt.finishedAt = now
    attempt.error = errors[reason]
  }
  const failures = row.failures + 1
  const common = { failures, runAt: now, rank: rankOf(now, row.job.priority) }
  transaction.event(row, "lease-expired", { data: { worker: row.owner ?? "", reason } })
  if (row.cancelRequestedAt !== undefined) {
    transaction.move(row, "cancelled", { ...common, finishedAt: now })
    transaction.event(row, "cancelled", { from: "running", data: { reason: "lease-expired" } })
    return "cancelled"
  }
  if (failures >= row.job.maxAttempts) {
    transaction.move(row, "dead", { ...common, finishedAt: now })
    transaction.event(row, "dead-lettered", { from: "running", data: { reason: "exhausted" } })
    return "dead"
  }
  transaction.move(row, "retrying", common)
  transaction.event(row, "retry-scheduled", { from: "running", data: { delayMillis: 0 } })
  return "retrying"
}

const reap = (
  transaction: Transaction,
  request: { readonly everyone: boolean; readonly limit: number }
): Reaped => {
  const { now, tables } = transaction
  let expiredWorkers = 0
  for (const worker of tables.workers.values()) {
    if (worker.state !== "live" || (!request.everyone && worker.leaseUntil > now)) continue
    worker.state = "expired"
    expiredWorkers += 1
  }
  const lossOf = ({ attemptDeadline = now, owner }: JobRow): Loss | undefined => {
    if (owner === undefined || tables.workers.get(owner)?.state !== "live") return "lease-expired"
    return attemptDeadline + overdueGraceMillis < now ? "overdue" : undefined
  }
  const lost = [...tables.running]
    .flatMap((row) => {
      const reason = lossOf(row)
      return reason === undefined ? [] : [{ row, reason }]
    })
    .toSorted((a, b) => byId(a.row, b.row))
  const reaped = { retrying: 0, dead: 0, cancelled: 0 }
  for (const { reason, row } of lost.slice(0, request.limit)) reaped[takeBack(transaction, row, reason)] += 1
  return { expiredWorkers, ...reaped }
}

const byId = (a: JobRow, b: JobRow): number => a.job.id < b.job.id ? -1 : 1
const runningOf = (tables: Tables, worker: WorkerId): ReadonlyArray<JobRow> =>
  [...tables.runningOf.get(worker) ?? []].toSorted(byId)

/** `source`: program and instance that the event log names as the writer. */
export const layer = ({ source }: { readonly source: string }): Layer.Layer<WorkerStore, never, MemoryDatabase> =>
  Layer.effect(
    WorkerStore,
    Effect.gen(function*() {
      const database = yield* MemoryDatabase
      return WorkerStore.of({
        register: ({ types, updateTypes = true, ...registration }) =>
          database.write(source, "WorkerStore.register", ({ now, tables }) => {
            for (const type of types) {
              if (updateTypes || !tables.types.has(type.name)) tables.types.set(type.name, type)
            }
            for (const queue of registration.queues ?? []) tables.queue(queue)
            if (tables.workers.has(registration.id)) return
            tables.workers.set(registration.id, {
              ...registration,
              types: types.map((type) => type.name).toSorted(),
              startedAt: now,
              state: "live",
              lastHeartbeatAt: now,
              leaseUntil: now + leaseMillis
            })
          }),
        heartbeat: (id) =>
          database.write(source, "WorkerStore.heartbeat", ({ now, tables }) => {
            const worker = tables.workers.get(id)
            if (worker?.state !== "live") return { live: false, cancel: [], storeTime: now }
            worker.lastHeartbeatAt = now
            worker.leaseUntil = now + leaseMillis
            const cancel = runningOf(tables, id)
              .filter((row) => row.cancelRequestedAt !== undefined)
              .map((row) => row.job.id)
            return { live: true, cancel, storeTime: now }
          }),
        retire: (id) =>
          database.write(source, "WorkerStore.retire", ({ now, tables }) => {
            const worker = tables.workers.get(id)
            if (worker?.state !== "live") return
            worker.state = "stopped"
            worker.leaseUntil = now
          }),
        runningOf: (id) =>
          database.read("WorkerStore.runningOf", (tables) =>
            runningOf(tables, id).map((row) => ({
              jobId: row.job.id,
              token: row.token ?? "",
              attempt: row.attempt
            }))),
        reap: (request) => database.write(source, "WorkerStore.reap", (transaction) => reap(transaction, request)),
        types: database.read(
          "WorkerStore.types",
          (tables) => [...tables.types.values()].toSorted((a, b) => a.name < b.name ? -1 : 1)
        ),
        queueNames: database.read("WorkerStore.queueNames", (tables) => [...tables.queues.keys()].toSorted())
      })
    })
  )
