/**
 * Hands due jobs to the broker, through small windows.
 *
 * One round makes due jobs queued and fills the windows of each queue, one per lane, in order of rank. A window is small,
 * so that order, pause and cancel act on nearly everything that waits; what is handed over is only a hint, so that
 * nothing is lost when it gets lost. Several dispatchers share the queues by row locks.
 */
import type { JobTypeName, QueueName } from "#domain/Job.ts"
import type { Lane } from "#domain/Lane.ts"
import { windowOf } from "#domain/Queue.ts"
import { Effect, Layer, Schedule, Semaphore } from "effect"
import * as BatchTraces from "../BatchTraces.ts"
import { nowMillis } from "../Monotonic.ts"
import * as Pace from "../Pace.ts"
import { Broker, type Hint } from "../ports/Broker.ts"
import { type Dispatched, JobStore, type QueueLoad } from "../ports/JobStore.ts"
import { Metrics } from "../ports/Metrics.ts"
import { keepGoing } from "../Supervised.ts"
import * as Wake from "../Wake.ts"

/** Jobs of one dispatch statement. */
const dispatchLimit = 500
/** Jobs made due by one statement. */
const promoteLimit = 500
/** Due jobs and loads are looked at so long after a hand-over at the earliest: the statements of the jobs go first. */
const houseMillis = 50
/** They are looked at this often at most, however many signals come. */
const houseQuietMillis = 20
/** They are looked at this often at least, however much is handed over meanwhile. */
const houseWithinMillis = 100
/** Loads (rates, live slots, types) are read again after this time. */
const loadsMaxAgeMillis = 250
/** Behind the signals: everything is looked at this often. */
const sweepMillis = 1_000
/** Jobs wait and the window is full: it opens as workers claim. Doubled while it does not, up to the second. */
const windowFullMillis = 20
const windowStuckMillis = 320
/** A queue whose hints did not arrive rests, the first time and at most this long: its jobs go back and would come again. */
const restMillis = 50
const maxRestMillis = 2_000
/** Queues that are tried before the loads are read: all when there are no more, else those last handed over from. */
const blindQueues = 4
/** Batches of hints on their way to the broker at the same time. */
const sendConcurrency = 4
/** At most this many ids in one message, and never so many that less than `spread` messages share the work. */
const maxGroup = 20
const spread = 4

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

/** A lane of a queue, by what it is made of: another one begins when workers with other types come or go. */
const laneKey = (queue: QueueName, { types }: Lane): string => `${queue} ${types.join(" ")}`

/** Claims per second of each lane, from two readings of the claim counters. Lanes that are gone are forgotten. */
const makeRates = () => {
  let seen = new Map<string, { readonly claims: number; readonly atMillis: number; readonly rate: number }>()
  const rateOf = (key: string, claims: number, atMillis: number) => {
    const before = seen.get(key)
    if (before === undefined) return { claims, atMillis, rate: 0 }
    const elapsed = atMillis - before.atMillis
    if (elapsed < loadsMaxAgeMillis) return before
    return { claims, atMillis, rate: Math.max(0, ((claims - before.claims) * 1_000) / elapsed) }
  }
  /** Windows by lane. */
  return (loads: ReadonlyArray<QueueLoad>, nowMillis: number): ReadonlyMap<string, number> => {
    const lanes = loads.flatMap(({ lanes, queue }) => lanes.map((lane) => ({ lane, key: laneKey(queue, lane) })))
    seen = new Map(lanes.map(({ key, lane }) => [key, rateOf(key, lane.claims, nowMillis)]))
    return new Map(lanes.map(({ key, lane }) => [key, windowOf(seen.get(key)?.rate ?? 0, lane.liveSlots)]))
  }
}

/** The queues last handed over from. */
const makeRecent = () => {
  const recent = new Set<QueueName>()
  return {
    has: (queue: QueueName): boolean => recent.has(queue),
    add: (queue: QueueName) => {
      recent.delete(queue)
      recent.add(queue)
      const oldest = recent.size > blindQueues ? recent.values().next().value : undefined
      if (oldest !== undefined) recent.delete(oldest)
    }
  }
}

/** Queues that rest after trouble with the broker. Times are monotonic milliseconds. */
const makeRests = () => {
  const rests = new Map<QueueName, { readonly until: number; readonly millis: number }>()
  return {
    until: (queue: QueueName): number => rests.get(queue)?.until ?? Number.NEGATIVE_INFINITY,
    arrived: (queue: QueueName) => void rests.delete(queue),
    failed: (queue: QueueName, now: number) => {
      const before = rests.get(queue)
      // What was on its way when the rest began says nothing new.
      if (before !== undefined && now < before.until) return
      const millis = Math.min(maxRestMillis, before === undefined ? restMillis : before.millis * 2)
      rests.set(queue, { until: now + millis, millis })
    }
  }
}

const make = Effect.gen(function*() {
  const store = yield* JobStore
  const broker = yield* Broker
  const metrics = yield* Metrics
  const wake = yield* Wake.make(["due", "queues", "workers"])
  const pace = Pace.make(Pace.stageMillis)
  const sending = yield* Semaphore.make(sendConcurrency)
  const windowsOf = makeRates()
  const rests = makeRests()
  const recent = makeRecent()
  let loads: ReadonlyArray<QueueLoad> = []
  let windows: ReadonlyMap<string, number> = new Map()
  let loadsReadAt = Number.NEGATIVE_INFINITY
  let keptHouseAt = Number.NEGATIVE_INFINITY
  /** Something has happened since the loads were read. */
  let outdated = true
  let nextDueAt = Number.NEGATIVE_INFINITY
  let handedOverAt = Number.NEGATIVE_INFINITY
  let stuckMillis = windowFullMillis

  const windowOfLane = (queue: QueueName, lane: Lane): number => windows.get(laneKey(queue, lane)) ?? 0

  const handBack = (hints: ReadonlyArray<Hint>) =>
    store.handBack(hints.flatMap((hint) => hint.jobs)).pipe(Effect.ignore)

  const resendLost = Effect.fnUntraced(function*(queue: QueueName, type: JobTypeName) {
    const again = yield* store.resend({ queue, type, lost: true, olderThanMillis: 0, limit: dispatchLimit })
    if (again.length === 0) return
    metrics.increment("odto_jobs_resent_total", { queue }, again.length)
    const { unsent } = yield* broker.sendHints(groupHints(again))
    if (unsent.length > 0) yield* handBack(unsent)
  })

  const send = (queue: QueueName, hints: ReadonlyArray<Hint>) =>
    broker.sendHints(hints).pipe(
      Effect.withSpan("Dispatch.send", {
        attributes: { "job.queue": queue, hints: hints.length },
        kind: "producer",
        links: BatchTraces.linksOf(hints),
        root: true
      }),
      Effect.catch((error) =>
        Effect.as(
          Effect.logWarning("hints go back to their queue", { reason: error.reason }),
          { unsent: hints, madeAnew: [] }
        )
      ),
      Effect.flatMap(Effect.fnUntraced(function*({ madeAnew, unsent }) {
        if (unsent.length > 0) {
          rests.failed(queue, yield* nowMillis)
          yield* handBack(unsent)
        } else rests.arrived(queue)
        yield* Effect.forEach(madeAnew, (one) => Effect.ignore(resendLost(one.queue, one.type)), { discard: true })
      }))
    )

  const readLoads = Effect.fnUntraced(function*(now: number) {
    loads = yield* store.loads
    loadsReadAt = now
    windows = windowsOf(loads, now)
    for (const load of loads) {
      const window = load.lanes.reduce((sum, lane) => sum + windowOfLane(load.queue, lane), 0)
      const { queue } = load
      metrics.set("odto_queue_jobs", { queue, state: "queued" }, load.queued)
      metrics.set("odto_queue_jobs", { queue, state: "dispatched" }, load.dispatched)
      metrics.set("odto_queue_oldest_seconds", { queue }, (load.oldestQueuedMillis ?? 0) / 1_000)
      metrics.set("odto_queue_paused", { queue }, load.paused ? 1 : 0)
      metrics.set("odto_queue_window_jobs", { queue }, window)
      metrics.set("odto_queue_window_used_ratio", { queue }, window === 0 ? 0 : load.dispatched / window)
    }
  })

  /** Answers how many jobs were handed over. */
  const fillWindow = Effect.fnUntraced(function*(queue: QueueName, lane: Lane) {
    const window = windowOfLane(queue, lane)
    if (window === 0 || (yield* nowMillis) < rests.until(queue)) return 0
    const jobs = yield* store.dispatch({ queue, types: lane.types, window, limit: dispatchLimit })
    if (jobs.length === 0) return 0
    recent.add(queue)
    metrics.increment("odto_jobs_dispatched_total", { queue }, jobs.length)
    metrics.observe("odto_batch_size", { operation: "dispatch" }, jobs.length)
    yield* Semaphore.take(sending, 1)
    yield* Effect.forkChild(Effect.ensuring(send(queue, groupHints(jobs)), Semaphore.release(sending, 1)))
    return jobs.length
  })

  /** Answers whether anything was handed over. */
  const fillAll = Effect.fnUntraced(function*(candidates: ReadonlyArray<QueueLoad>) {
    yield* pace.turn
    const counts = yield* Effect.forEach(
      candidates.flatMap(({ lanes, paused, queue }) => paused ? [] : lanes.map((lane) => ({ queue, lane }))),
      ({ lane, queue }) => fillWindow(queue, lane)
    )
    const most = Math.max(0, ...counts)
    // Where a statement was full, more waits than it could take.
    yield* pace.began(most === dispatchLimit ? 0 : most)
    return most > 0
  })

  const keepHouse = Effect.fnUntraced(function*(now: number) {
    if (outdated || now >= nextDueAt) {
      const { nextDueInMillis, promoted } = yield* store.promote(promoteLimit)
      nextDueAt = promoted === promoteLimit ? now : now + Math.min(nextDueInMillis ?? sweepMillis, sweepMillis)
    }
    if (outdated || now - loadsReadAt >= loadsMaxAgeMillis) yield* readLoads(now)
    outdated = false
    keptHouseAt = now
  })

  /** How long to wait when nothing was handed over and these queues have waiting jobs that some worker could take. */
  const pauseFor = (waiting: ReadonlyArray<QueueLoad>, now: number) => {
    const isFull = waiting.some(({ lanes, queue }) =>
      lanes.some((lane) => lane.queued > 0 && lane.dispatched >= windowOfLane(queue, lane))
    )
    const full = isFull ? stuckMillis : sweepMillis
    stuckMillis = isFull ? Math.min(windowStuckMillis, stuckMillis * 2) : windowFullMillis
    const rested = waiting.map(({ queue }) => rests.until(queue) - now).filter((millis) => millis > 0)
    return Math.max(1, Math.min(sweepMillis, full, nextDueAt - now, ...rested))
  }

  /**
   * Tries the queues first that it knows to be used, so that a job on an idle system is handed over by one statement; what
   * is new since the last reading (queues, types, due jobs) comes after. Answers how long to wait.
   */
  const round = Effect.gen(function*() {
    const now = yield* nowMillis
    const likely = loads.length <= blindQueues ? loads : loads.filter(({ queue }) => recent.has(queue))
    const isFed = yield* fillAll(likely)
    const houseAt = isFed
      ? keptHouseAt + houseWithinMillis
      : Math.max(keptHouseAt + houseQuietMillis, handedOverAt + houseMillis)
    if (isFed) handedOverAt = now
    if (now < houseAt) return isFed ? 0 : houseAt - now
    yield* keepHouse(now)
    const waiting = loads.filter(({ lanes, paused }) => !paused && lanes.some(({ queued }) => queued > 0))
    if ((yield* fillAll(waiting)) || isFed) {
      stuckMillis = windowFullMillis
      handedOverAt = now
      return 0
    }
    return pauseFor(waiting, now)
  })

  const outdate = Effect.sync(() => {
    outdated = true
  })

  yield* round.pipe(
    Effect.tapError((error) => Effect.logWarning("dispatch waits for the store", { reason: error.reason })),
    Effect.retry(Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])),
    Effect.flatMap((millis) => millis === 0 ? Effect.yieldNow : Effect.andThen(wake.wait(millis), outdate)),
    Effect.forever,
    keepGoing("dispatch")
  )
})

/** Runs until its scope closes. */
export const layer = Layer.effectDiscard(make)
