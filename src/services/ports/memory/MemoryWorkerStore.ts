/** Workers and their leases in memory. */
import { leaseMillis, overdueGraceMillis } from "#domain/Worker.ts"
import { Effect, Layer } from "effect"
import { type Reaped, WorkerStore } from "../WorkerStore.ts"
import { MemoryDatabase } from "./MemoryDatabase.ts"
import type { JobRow } from "./Tables.ts"
import type { Transaction } from "./Transaction.ts"

const takeBack = (transaction: Transaction, row: JobRow): "retrying" | "dead" | "cancelled" => {
  const { now } = transaction
  const attempt = row.attempts.at(-1)
  const worker = row.owner ?? ""
  if (attempt !== undefined) {
    attempt.state = "lease-expired"
    attempt.finishedAt = now
  }
  const failures = row.failures + 1
  const to = row.cancelRequestedAt !== undefined
    ? "cancelled"
    : failures >= row.job.maxAttempts
    ? "dead"
    : "retrying"
  transaction.event(row, "lease-expired", { data: { worker } })
  switch (to) {
    case "cancelled":
      transaction.move(row, to, { failures, finishedAt: now })
      transaction.event(row, "cancelled", { from: "running", data: { reason: "lease-expired" } })
      break
    case "dead":
      transaction.move(row, to, { failures, finishedAt: now })
      transaction.event(row, "dead-lettered", { from: "running", data: { reason: "exhausted" } })
      break
    case "retrying":
      transaction.move(row, to, { failures, runAt: now })
      transaction.event(row, "retry-scheduled", { from: "running", data: { delayMillis: 0 } })
  }
  return to
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
  const isLost = ({ attemptDeadline = now, owner }: JobRow): boolean =>
    owner === undefined || tables.workers.get(owner)?.state !== "live" || attemptDeadline + overdueGraceMillis < now
  const reaped = { retrying: 0, dead: 0, cancelled: 0 }
  for (const row of [...tables.running].filter(isLost).slice(0, request.limit)) reaped[takeBack(transaction, row)] += 1
  return { expiredWorkers, ...reaped }
}

/** `source`: program and instance that the event log names as the writer. */
export const layer = ({ source }: { readonly source: string }): Layer.Layer<WorkerStore, never, MemoryDatabase> =>
  Layer.effect(
    WorkerStore,
    Effect.gen(function*() {
      const database = yield* MemoryDatabase
      return WorkerStore.of({
        register: ({ types, ...registration }) =>
          database.write(source, "WorkerStore.register", ({ now, tables }) => {
            for (const type of types) tables.types.set(type.name, type)
            tables.workers.set(registration.id, {
              ...registration,
              types: types.map((type) => type.name),
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
            const cancel = [...tables.runningOf.get(id) ?? []]
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
            [...tables.runningOf.get(id) ?? []].map((row) => ({
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
