/** The measurements: each submits real jobs over HTTP and reads back from the system what became of them. */
import type { JobTypeName, QueueName } from "#domain/Job.ts"
import type { JobSummary } from "#domain/JobView.ts"
import { Clock, Effect, Schedule } from "effect"
import { randomUUID } from "node:crypto"
import { gateway, readModel } from "../api.ts"
import { dueMillis, type Fate, fateOf, type Quantiles, quantiles } from "./figures.ts"
import * as Submitter from "./submitter.ts"

export interface Target {
  readonly type: JobTypeName
  readonly queue: QueueName
}

/** Jobs in one page of the lists. */
const pageJobs = 1_000
/** A run whose jobs have not ended this long after the last submission has lost some. */
const patience = "120 seconds"
const askEvery = "50 millis"

/** Every job of the run, as the read model lists it. */
const jobsOf = Effect.fnUntraced(function*(tag: string) {
  const api = yield* readModel
  const jobs: Array<JobSummary> = []
  let cursor: string | undefined
  do {
    const page = yield* api.jobs.list({
      query: { tag, limit: pageJobs, sort: "oldest", ...(cursor === undefined ? {} : { cursor }) }
    })
    jobs.push(...page.jobs)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return jobs
})

/** Waits until as many jobs have completed in the whole system as were accepted since `before`. */
const awaitCompleted = Effect.fnUntraced(function*(before: number, accepted: number) {
  const api = yield* readModel
  yield* api.system.stats().pipe(
    Effect.repeat({
      until: ({ jobs }) => jobs.status === "ok" && jobs.counts.completed - before >= accepted,
      schedule: Schedule.spaced(askEvery)
    }),
    Effect.timeoutOption(patience)
  )
})

const completedNow = Effect.gen(function*() {
  const { jobs } = yield* (yield* readModel).system.stats()
  return jobs.status === "ok" ? jobs.counts.completed : 0
})

/** Milliseconds that the store's clock is ahead of ours, to half a round trip. */
const clockOffset = Effect.gen(function*() {
  const api = yield* readModel
  const sentAt = yield* Clock.currentTimeMillis
  const { freshness } = yield* api.jobs.list({ query: { limit: 1 } })
  const receivedAt = yield* Clock.currentTimeMillis
  return Date.parse(freshness.readAt) - (sentAt + receivedAt) / 2
})

export interface Throughput {
  readonly kind: "throughput"
  readonly fate: Fate
  /** Jobs committed and answered per second. */
  readonly acceptedPerSecond: number
  /** Jobs completed per second, from the first submission to the last completion. */
  readonly completedPerSecond: number
}

/** As fast as it goes: batches one after the other, until all have completed. */
export const throughput = Effect.fnUntraced(function*(target: Target, jobs: number, batch: number) {
  const api = yield* gateway
  const tag = `bench-${randomUUID()}`
  const before = yield* completedNow
  const startedAt = performance.now()
  const accepted: Array<string> = []
  for (let sent = 0; sent < jobs; sent += batch) {
    const size = Math.min(batch, jobs - sent)
    const { results } = yield* api.jobs.submitBatch({
      payload: { jobs: Array.from({ length: size }, () => ({ ...target, tags: [tag] })) }
    })
    for (const result of results) if (result.outcome === "accepted") accepted.push(result.jobId)
  }
  const acceptedAt = performance.now()
  yield* awaitCompleted(before, accepted.length)
  const completedAt = performance.now()
  const figures: Throughput = {
    kind: "throughput",
    fate: fateOf(jobs, accepted, yield* jobsOf(tag)),
    acceptedPerSecond: Math.round((accepted.length * 1_000) / (acceptedAt - startedAt)),
    completedPerSecond: Math.round((accepted.length * 1_000) / (completedAt - startedAt))
  }
  return figures
})

export interface OpenLoop {
  readonly kind: "open-loop"
  readonly perSecond: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly fate: Fate
  /** Milliseconds from the intended submission to the completion by the store's clock. */
  readonly completed: Quantiles
  /** Milliseconds from the intended submission to the 202. */
  readonly answered: Quantiles
}

/** Timers are no finer than a millisecond: what is due at one goes out together. */
const tick = "1 millis"

/**
 * Arrivals at a fixed rate, whether the system keeps up or not. The arrivals of the first `warmUpSeconds` are part of
 * the load and of what may not be lost; their latencies are those of programs that have just started and are left out.
 */
export const openLoop = Effect.fnUntraced(
  function*(target: Target, load: { perSecond: number; seconds: number; warmUpSeconds: number }) {
    const { perSecond, seconds, warmUpSeconds } = load
    const submitter = yield* Submitter.make
    const tag = `bench-${randomUUID()}`
    const body = JSON.stringify({ ...target, tags: [tag] })
    const total = Math.round(perSecond * (warmUpSeconds + seconds))
    const firstMeasured = Math.round(perSecond * warmUpSeconds)
    const before = yield* completedNow
    const offset = yield* clockOffset
    const accepted: Array<string> = []
    /** When a measured job was meant to be submitted, by the store's clock. */
    const intended = new Map<string, number>()
    const answered: Array<number> = []
    const startedAt = performance.now()
    const startedWall = yield* Clock.currentTimeMillis
    const unanswered: Array<Promise<void>> = []
    const submit = async (n: number) => {
      const due = dueMillis(n, perSecond)
      const jobId = await submitter.submit(body)
      if (jobId === undefined) return
      accepted.push(jobId)
      if (n < firstMeasured) return
      intended.set(jobId, startedWall + due + offset)
      answered.push(performance.now() - startedAt - due)
    }
    while (unanswered.length < total) {
      const elapsed = performance.now() - startedAt
      while (unanswered.length < total && dueMillis(unanswered.length, perSecond) <= elapsed) {
        unanswered.push(submit(unanswered.length))
      }
      yield* Effect.sleep(tick)
    }
    yield* Effect.promise(() => Promise.all(unanswered))
    yield* awaitCompleted(before, accepted.length)
    const jobs = yield* jobsOf(tag)
    const latencies = jobs.flatMap(({ finishedAt, id }) => {
      const due = intended.get(id)
      return finishedAt === null || due === undefined ? [] : [Date.parse(finishedAt) - due]
    })
    const figures: OpenLoop = {
      kind: "open-loop",
      ...load,
      fate: fateOf(total, accepted, jobs),
      completed: quantiles(latencies),
      answered: quantiles(answered)
    }
    return figures
  },
  Effect.scoped
)

export interface Idle {
  readonly kind: "idle"
  readonly fate: Fate
  /** Milliseconds from committed to claimed, by the store's clock. */
  readonly pickUp: Quantiles
  /** Milliseconds from committed to completed, by the store's clock. */
  readonly completed: Quantiles
  /** Milliseconds from the request to the 202. */
  readonly answered: Quantiles
}

/** One job at a time on a system that does nothing else. */
export const idle = Effect.fnUntraced(function*(target: Target, jobs: number) {
  const write = yield* gateway
  const read = yield* readModel
  const tag = `bench-${randomUUID()}`
  const accepted: Array<string> = []
  const answered: Array<number> = []
  const pickUp: Array<number> = []
  const completed: Array<number> = []
  for (let n = 0; n < jobs; n++) {
    const sentAt = performance.now()
    const { jobId } = yield* write.jobs.submit({ headers: {}, payload: { ...target, tags: [tag] } })
    answered.push(performance.now() - sentAt)
    accepted.push(jobId)
    const job = yield* read.jobs.get({ params: { jobId } }).pipe(
      Effect.repeat({ until: ({ status }) => status === "completed", schedule: Schedule.spaced(askEvery) }),
      Effect.timeout(patience)
    )
    const createdAt = Date.parse(job.createdAt)
    pickUp.push(Date.parse(job.attempts[0]?.startedAt ?? "") - createdAt)
    completed.push(Date.parse(job.finishedAt ?? "") - createdAt)
  }
  const figures: Idle = {
    kind: "idle",
    fate: fateOf(jobs, accepted, yield* jobsOf(tag)),
    pickUp: quantiles(pickUp),
    completed: quantiles(completed),
    answered: quantiles(answered)
  }
  return figures
})

export type Run = Throughput | OpenLoop | Idle
