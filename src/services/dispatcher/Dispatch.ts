/**
 * Hands due jobs to the broker, through a small window per queue.
 *
 * One round makes due jobs queued and fills each queue's window in order of rank. The window is small, so that order,
 * pause and cancel act on nearly everything that waits; what is handed over is only a hint, so that nothing is lost
 * when it gets lost. Several dispatchers share the queues by row locks.
 */
import type { JobTypeName, QueueName } from "#domain/Job.ts"
import { windowOf } from "#domain/Queue.ts"
import { Clock, Effect, Layer, Schedule, Semaphore } from "effect"
import { Broker, type Hint } from "../ports/Broker.ts"
import { type Dispatched, JobStore, type QueueLoad } from "../ports/JobStore.ts"
import { Metrics } from "../ports/Metrics.ts"
import * as Wake from "../Wake.ts"

/** Jobs of one dispatch statement. */
const dispatchLimit = 500
/** Jobs made due by one statement. */
const promoteLimit = 500
/** Loads (rates, live slots, types) are read again after this time. */
const loadsMaxAgeMillis = 250
/** Behind the signals: everything is looked at this often. */
const sweepMillis = 1_000
/** Jobs wait and the window is full: it opens as workers claim. */
const windowFullMillis = 20
/** With more queues than this the loads are read first, and only queues in which jobs wait are tried. */
const blindQueues = 4
/** Batches of hints on their way to the broker at the same time. */
const sendConcurrency = 4
/** At most this many ids in one message, and never so many that less than `spread` messages share the work. */
const maxGroup = 20
const spread = 16

/** Cuts one dispatch into messages: a lone job travels alone, a full window in groups that all workers share. */
export const groupHints = (jobs: ReadonlyArray<Dispatched>): ReadonlyArray<Hint> => {
  const byType = Map.groupBy(jobs, (job) => job.type)
  const hints: Array<Hint> = []
  for (const [type, all] of byType) {
    const size = Math.min(maxGroup, Math.max(1, Math.floor(all.length / spread)))
    for (let start = 0; start < all.length; start += size) {
      const group = all.slice(start, start + size)
      const first = group[0]
      if (first === undefined) continue
      hints.push({
        queue: first.queue,
        type,
        jobs: group.map(({ jobId, dispatchCount }) => ({ jobId, dispatchCount })),
        traceparent: group.find((job) => job.traceparent !== undefined)?.traceparent
      })
    }
  }
  return hints
}

/** Claims per second of each queue, from two readings of the claim counters. */
const makeRates = () => {
  const seen = new Map<QueueName, { readonly claims: number; readonly atMillis: number; readonly rate: number }>()
  return (load: QueueLoad, nowMillis: number): number => {
    const before = seen.get(load.queue)
    if (before === undefined) {
      seen.set(load.queue, { claims: load.claims, atMillis: nowMillis, rate: 0 })
      return 0
    }
    const elapsed = nowMillis - before.atMillis
    if (elapsed < loadsMaxAgeMillis) return before.rate
    const rate = Math.max(0, ((load.claims - before.claims) * 1_000) / elapsed)
    seen.set(load.queue, { claims: load.claims, atMillis: nowMillis, rate })
    return rate
  }
}

const make = Effect.gen(function*() {
  const store = yield* JobStore
  const broker = yield* Broker
  const metrics = yield* Metrics
  const wake = yield* Wake.make(["due", "queues", "workers"])
  const sending = yield* Semaphore.make(sendConcurrency)
  const rateOf = makeRates()
  let loads: ReadonlyArray<QueueLoad> = []
  let windows = new Map<QueueName, number>()
  let loadsReadAt = Number.NEGATIVE_INFINITY
  let loadsOutdated = true
  let nextDueAt = 0

  const handBack = (hints: ReadonlyArray<Hint>) =>
    store.handBack(hints.flatMap((hint) => hint.jobs)).pipe(Effect.ignore)

  const resendLost = Effect.fnUntraced(function*(queue: QueueName, type: JobTypeName) {
    const again = yield* store.resend({ queue, type, lost: true, olderThanMillis: 0, limit: dispatchLimit })
    if (again.length === 0) return
    metrics.increment("odto_jobs_resent_total", { queue }, again.length)
    const { unsent } = yield* broker.sendHints(groupHints(again))
    if (unsent.length > 0) yield* handBack(unsent)
  })

  const send = (hints: ReadonlyArray<Hint>) =>
    broker.sendHints(hints).pipe(
      Effect.catch((error) =>
        Effect.as(
          Effect.logWarning("hints go back to their queue", { reason: error.reason }),
          { unsent: hints, madeAnew: [] }
        )
      ),
      Effect.flatMap(({ madeAnew, unsent }) =>
        Effect.andThen(
          unsent.length > 0 ? handBack(unsent) : Effect.void,
          Effect.forEach(madeAnew, ({ queue, type }) => Effect.ignore(resendLost(queue, type)), { discard: true })
        )
      )
    )

  const readLoads = Effect.fnUntraced(function*(nowMillis: number) {
    loads = yield* store.loads
    loadsReadAt = nowMillis
    windows = new Map(loads.map((load) => [load.queue, windowOf(rateOf(load, nowMillis), load.liveSlots)]))
    for (const load of loads) {
      const window = windows.get(load.queue) ?? 0
      const { queue } = load
      metrics.set("odto_queue_jobs", { queue, state: "queued" }, load.queued)
      metrics.set("odto_queue_jobs", { queue, state: "dispatched" }, load.dispatched)
      metrics.set("odto_queue_oldest_seconds", { queue }, (load.oldestQueuedMillis ?? 0) / 1_000)
      metrics.set("odto_queue_paused", { queue }, load.paused ? 1 : 0)
      metrics.set("odto_queue_window_jobs", { queue }, window)
      metrics.set("odto_queue_window_used_ratio", { queue }, window === 0 ? 0 : load.dispatched / window)
    }
  })

  /** Answers how many jobs were handed over and whether more may be waiting. */
  const fillWindow = Effect.fnUntraced(function*(load: QueueLoad) {
    const window = windows.get(load.queue) ?? 0
    if (load.paused || window === 0 || load.liveTypes.length === 0) return 0
    const jobs = yield* store.dispatch({ queue: load.queue, types: load.liveTypes, window, limit: dispatchLimit })
    if (jobs.length === 0) return 0
    metrics.increment("odto_jobs_dispatched_total", { queue: load.queue }, jobs.length)
    metrics.observe("odto_batch_size", { operation: "dispatch" }, jobs.length)
    yield* Semaphore.take(sending, 1)
    yield* Effect.forkChild(Effect.ensuring(send(groupHints(jobs)), Semaphore.release(sending, 1)))
    return jobs.length
  })

  const fillAll = (candidates: ReadonlyArray<QueueLoad>) =>
    Effect.map(Effect.forEach(candidates, fillWindow), (counts) => counts.some((count) => count > 0))

  /**
   * Tries the queues that it knows first, so that a job on an idle system is handed over by one statement; what is new
   * since the last reading (queues, types, due jobs) comes after. Answers how long to wait.
   */
  const round = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const fresh = now - loadsReadAt < loadsMaxAgeMillis
    if (loads.length <= blindQueues && (yield* fillAll(loads))) {
      if (!fresh) yield* readLoads(now)
      return 0
    }
    if (now >= nextDueAt) {
      const { nextDueInMillis, promoted } = yield* store.promote(promoteLimit)
      nextDueAt = promoted === promoteLimit ? now : now + Math.min(nextDueInMillis ?? sweepMillis, sweepMillis)
    }
    if (!fresh || loadsOutdated) {
      yield* readLoads(now)
      loadsOutdated = false
    }
    const waiting = loads.filter((load) => !load.paused && load.queued > 0 && load.liveTypes.length > 0)
    if (yield* fillAll(waiting)) return 0
    return waiting.length > 0 ? windowFullMillis : Math.max(1, Math.min(sweepMillis, nextDueAt - now))
  })

  const outdate = Effect.sync(() => {
    nextDueAt = 0
    loadsOutdated = true
  })

  yield* round.pipe(
    Effect.tapError((error) => Effect.logWarning("dispatch waits for the store", { reason: error.reason })),
    Effect.retry(Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])),
    Effect.flatMap((millis) => millis === 0 ? Effect.yieldNow : Effect.andThen(wake.wait(millis), outdate)),
    Effect.forever,
    Effect.forkScoped
  )
})

/** Runs until its scope closes. */
export const layer = Layer.effectDiscard(make)
