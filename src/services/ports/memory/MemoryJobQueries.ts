/** What people ask of the truth, answered from memory. */
import type { JobId } from "#domain/Job.ts"
import { type JobFilter, type JobSort, rowBudget } from "#domain/JobFilter.ts"
import { jobStates, statusOf } from "#domain/JobStatus.ts"
import type { QueueView, StateCounts } from "#domain/Queue.ts"
import { endedWorkerMillis, type WorkerView } from "#domain/Worker.ts"
import { Effect, Layer, Option } from "effect"
import { type JobPage, JobQueries, overviewLimit, type Totals } from "../JobQueries.ts"
import { MemoryDatabase } from "./MemoryDatabase.ts"
import { counterOf, type JobRow, type QueueRow, queuesByName, type Tables, type WorkerRow } from "./Tables.ts"
import { instant, instantOrNull, summaryOf, viewOf } from "./views.ts"

/** An empty list does not restrict either. */
const isOneOf = <A>(list: ReadonlyArray<A> | undefined, value: A): boolean =>
  list === undefined || list.length === 0 || list.includes(value)

const fits = (filter: JobFilter, row: JobRow): boolean =>
  isOneOf(filter.statuses, statusOf(row.state)) &&
  isOneOf(filter.types, row.job.type) &&
  isOneOf(filter.queues, row.job.queue) &&
  (filter.tags?.every((tag) => row.job.tags.includes(tag)) ?? true) &&
  (filter.correlationId === undefined || filter.correlationId === row.job.correlationId) &&
  (filter.idempotencyKey === undefined || filter.idempotencyKey === row.job.idempotency?.key) &&
  (filter.createdAfter === undefined || row.createdAt >= filter.createdAfter) &&
  (filter.createdBefore === undefined || row.createdAt < filter.createdBefore)

/** Index of the first id that is not smaller. */
const indexOf = (ids: ReadonlyArray<JobId>, id: JobId): number => {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ids[middle] ?? id) < id) low = middle + 1
    else high = middle
  }
  return low
}

const find = (tables: Tables, request: {
  readonly filter: JobFilter
  readonly sort: JobSort
  readonly after: JobId | undefined
  readonly limit: number
}): JobPage => {
  const { after, filter, limit, sort } = request
  const { ids } = tables
  const step = sort === "oldest" ? 1 : -1
  const start = after === undefined ? (sort === "oldest" ? 0 : ids.length - 1) : indexOf(ids, after)
  let index = after !== undefined && (step === -1 || ids[start] === after) ? start + step : start
  const found: Array<JobRow> = []
  for (let looked = 0; index >= 0 && index < ids.length; index += step, looked += 1) {
    const id = ids[index]
    const row = id === undefined ? undefined : tables.jobs.get(id)
    if (row === undefined) continue
    if (looked === rowBudget) {
      return {
        jobs: found.map((one) => summaryOf(tables, one)),
        next: ids[index - step],
        partial: found.length < limit
      }
    }
    if (!fits(filter, row)) continue
    if (found.length === limit) {
      return { jobs: found.map((one) => summaryOf(tables, one)), next: found.at(-1)?.job.id, partial: false }
    }
    found.push(row)
  }
  return { jobs: found.map((one) => summaryOf(tables, one)), next: undefined, partial: false }
}

const countsOf = (queues: Iterable<QueueRow>): StateCounts => {
  const counts = { scheduled: 0, queued: 0, running: 0, retrying: 0, completed: 0, dead: 0, cancelled: 0 }
  for (const queue of queues) {
    for (const state of jobStates) counts[statusOf(state)] += counterOf(queue, state)
  }
  return counts
}

const totals = ({ queues }: Tables): Totals => {
  let accepted = 0
  let pruned = 0
  for (const queue of queues.values()) {
    accepted += counterOf(queue, "accepted")
    pruned += counterOf(queue, "pruned")
  }
  return { accepted, counts: countsOf(queues.values()), pruned }
}

const queueView = (tables: Tables, queue: QueueRow, now: number): QueueView => {
  const workers = tables.liveWorkersOf(queue.name)
  const liveTypes = new Set(workers.flatMap((worker) => worker.types))
  const oldest = Math.min(
    queue.queuedByDue.peek()?.key ?? Number.POSITIVE_INFINITY,
    ...[...queue.types.values()].flatMap(({ dispatched }) => [...dispatched].map((row) => row.runAt))
  )
  return {
    name: queue.name,
    paused: queue.paused,
    pausedAt: instantOrNull(queue.pausedAt),
    pausedBy: queue.pausedBy ?? null,
    counts: countsOf([queue]),
    dispatched: counterOf(queue, "dispatched"),
    oldestQueuedMillis: Number.isFinite(oldest) ? now - oldest : null,
    liveSlots: workers.reduce((sum, worker) => sum + worker.slots, 0),
    typesWithoutWorker: [...queue.types]
      .filter(([type, { counters }]) =>
        !liveTypes.has(type) &&
        counters.scheduled + counters.queued + counters.dispatched + counters.retrying > 0
      )
      .map(([type]) => type)
      .toSorted()
  }
}

const workerView = (tables: Tables, worker: WorkerRow): WorkerView => ({
  id: worker.id,
  name: worker.name,
  host: worker.host,
  pid: worker.pid,
  state: worker.state,
  slots: worker.slots,
  running: tables.runningOf.get(worker.id)?.size ?? 0,
  types: worker.types,
  queues: worker.queues ?? null,
  startedAt: instant(worker.startedAt),
  lastHeartbeatAt: instant(worker.lastHeartbeatAt),
  leaseUntil: instant(worker.leaseUntil),
  version: worker.version
})

export const layer: Layer.Layer<JobQueries, never, MemoryDatabase> = Layer.effect(
  JobQueries,
  Effect.gen(function*() {
    const database = yield* MemoryDatabase
    const read = <A>(method: keyof JobQueries["Service"], body: (tables: Tables, now: number) => A) =>
      database.read(`JobQueries.${method}`, (tables, now) => ({ value: body(tables, now), readAt: now }))

    return JobQueries.of({
      find: (request) => read("find", (tables) => find(tables, request)),
      get: (jobId) =>
        database.read(
          "JobQueries.get",
          (tables) => Option.map(Option.fromUndefinedOr(tables.jobs.get(jobId)), (row) => viewOf(tables, row))
        ),
      totals: read("totals", totals),
      queues: read("queues", (tables, now) =>
        queuesByName(tables)
          .slice(0, overviewLimit)
          .map((queue) => queueView(tables, queue, now))),
      workers: read("workers", (tables, now) =>
        [...tables.workers.values()]
          .filter(({ lastHeartbeatAt, state }) => state === "live" || lastHeartbeatAt > now - endedWorkerMillis)
          .toSorted((a, b) => Number(b.state === "live") - Number(a.state === "live") || b.startedAt - a.startedAt)
          .slice(0, overviewLimit)
          .map((worker) => workerView(tables, worker))),
      audit: (before, limit) =>
        read("audit", ({ audit }) => {
          // What is no id is before all.
          const place = before !== undefined && /^\d{1,15}$/u.test(before) ? Number(before) - 1 : 0
          const end = before === undefined ? audit.length : Math.min(audit.length, Math.max(0, place))
          return audit.slice(Math.max(0, end - limit), end).toReversed()
        }),
      ping: database.read("JobQueries.ping", () => undefined)
    })
  })
)
