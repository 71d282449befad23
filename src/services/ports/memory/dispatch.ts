/** Moves inside the class *waiting*, without events, and the deadlines of what waits (rules 9 to 11). */
import type { JobId, JobTypeName, QueueName } from "#domain/Job.ts"
import { makeLanes } from "#domain/Lane.ts"
import type { Dispatched, QueueLoad } from "../JobStore.ts"
import type { Heap } from "./Heap.ts"
import { counterOf, type JobRow, queuesByName, type Tables } from "./Tables.ts"
import type { Transaction } from "./Transaction.ts"

/** A hint is overtaken when one handed over this much later has been claimed. */
const overtakenMillis = 5_000
/** A hint is sent again after this much times two to the power of its hand-overs, whatever is known of the broker. */
const patienceMillis = 60_000
/** Half an hour at most: also a job that was handed over often, by retries and hand-backs, gets its hint again. */
const mostDoublings = 5

export const loads = (tables: Tables, now: number): ReadonlyArray<QueueLoad> => {
  const lanesOf = makeLanes([...tables.workers.values()].filter(({ state }) => state === "live"))
  return queuesByName(tables).map((queue) => {
    const oldest = queue.queuedByDue.peek()
    return {
      queue: queue.name,
      paused: queue.paused,
      queued: counterOf(queue, "queued"),
      dispatched: counterOf(queue, "dispatched"),
      lanes: lanesOf(
        queue.name,
        [...queue.types].map(([type, { counters }]) => ({
          type,
          queued: counters.queued,
          dispatched: counters.dispatched,
          claims: counters.claims
        }))
      ),
      oldestQueuedMillis: oldest === undefined ? undefined : now - oldest.key
    }
  })
}

export const promote = (
  transaction: Transaction,
  limit: number
): { readonly promoted: number; readonly nextDueInMillis: number | undefined } => {
  const { now, tables } = transaction
  let promoted = 0
  while (promoted < limit && (tables.due.peek()?.key ?? Number.POSITIVE_INFINITY) <= now) {
    const row = tables.due.take()
    if (row === undefined) break
    transaction.move(row, "queued")
    promoted += 1
  }
  const next = tables.due.firstAfter(now)
  return { promoted, nextDueInMillis: next === undefined ? undefined : next - now }
}

const handOver = (transaction: Transaction, row: JobRow): Dispatched => {
  if (row.state === "dispatched") transaction.handOverAgain(row)
  else transaction.move(row, "dispatched", { dispatchedAt: transaction.now, dispatchCount: row.dispatchCount + 1 })
  const { id, queue, traceparent, type } = row.job
  return { jobId: id, queue, type, dispatchCount: row.dispatchCount, traceparent }
}

const bestOf = (heaps: ReadonlyArray<Heap<JobRow>>): Heap<JobRow> | undefined => {
  let best: Heap<JobRow> | undefined
  let rank = Number.POSITIVE_INFINITY
  for (const heap of heaps) {
    const top = heap.peek()
    if (top !== undefined && top.key < rank) {
      best = heap
      rank = top.key
    }
  }
  return best
}

export const dispatch = (
  transaction: Transaction,
  request: {
    readonly queue: QueueName
    readonly types: ReadonlyArray<JobTypeName>
    readonly window: number
    readonly limit: number
  }
): ReadonlyArray<Dispatched> => {
  const queue = transaction.tables.queues.get(request.queue)
  if (queue === undefined || queue.paused) return []
  const served = request.types.flatMap((type) => queue.types.get(type) ?? [])
  const dispatched = served.reduce((sum, { counters }) => sum + counters.dispatched, 0)
  const room = Math.min(request.limit, request.window - dispatched)
  const heaps = served.map(({ queuedByRank }) => queuedByRank)
  const taken: Array<Dispatched> = []
  while (taken.length < room) {
    const row = bestOf(heaps)?.take()
    if (row === undefined) break
    taken.push(handOver(transaction, row))
  }
  return taken
}

export const handBack = (
  transaction: Transaction,
  hints: ReadonlyArray<{ readonly jobId: JobId; readonly dispatchCount: number }>
): number => {
  let back = 0
  for (const { dispatchCount, jobId } of hints) {
    const row = transaction.tables.jobs.get(jobId)
    if (row?.state !== "dispatched" || row.dispatchCount !== dispatchCount) continue
    transaction.move(row, "queued", { dispatchedAt: undefined })
    back += 1
  }
  return back
}

export const resend = (
  transaction: Transaction,
  request: {
    readonly queue: QueueName
    readonly type: JobTypeName
    readonly lost: boolean
    readonly olderThanMillis: number
    readonly limit: number
  }
): ReadonlyArray<Dispatched> => {
  const { now, tables } = transaction
  const rows = tables.queues.get(request.queue)?.types.get(request.type)
  if (rows === undefined) return []
  const claimedUpTo = Math.max(
    ...[...tables.running]
      .filter(({ job }) => job.queue === request.queue && job.type === request.type)
      .map((row) => row.dispatchedAt ?? Number.NEGATIVE_INFINITY)
  )
  const isDue = ({ dispatchCount, dispatchedAt = now }: JobRow): boolean =>
    (request.lost && dispatchedAt <= now - request.olderThanMillis) ||
    dispatchedAt <= claimedUpTo - overtakenMillis ||
    dispatchedAt <= now - patienceMillis * 2 ** Math.min(dispatchCount, mostDoublings)
  return [...rows.dispatched]
    .filter(isDue)
    .slice(0, request.limit)
    .map((row) => handOver(transaction, row))
    .toSorted((a, b) => rankIn(tables, a) - rankIn(tables, b))
}

const rankIn = (tables: Tables, { jobId }: Dispatched): number => tables.jobs.get(jobId)?.rank ?? 0

export const recall = (transaction: Transaction, which: "without-worker" | "all"): number => {
  let back = 0
  for (const queue of transaction.tables.queues.values()) {
    const live = new Set(transaction.tables.liveWorkersOf(queue.name).flatMap((worker) => worker.types))
    for (const [type, rows] of queue.types) {
      if (which === "without-worker" && live.has(type)) continue
      for (const row of rows.dispatched) {
        transaction.move(row, "queued", { dispatchedAt: undefined })
        back += 1
      }
    }
  }
  return back
}

export const endDeadlines = (transaction: Transaction, limit: number): number => {
  const { now, tables } = transaction
  let ended = 0
  while (ended < limit && (tables.deadlines.peek()?.key ?? Number.POSITIVE_INFINITY) <= now) {
    const row = tables.deadlines.take()
    if (row === undefined) break
    transaction.move(row, "dead", { finishedAt: now })
    transaction.event(row, "dead-lettered", { from: "waiting", data: { reason: "deadline" } })
    ended += 1
  }
  return ended
}
