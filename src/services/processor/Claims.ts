/**
 * Turns waiting hints into running attempts.
 *
 * Claims only for free slots. Tokens are made before the claim: when its answer is lost, the truth is asked which jobs
 * run under this worker, and what is not held here is given back by its token.
 */
import type { JobId, Progress, QueueName } from "#domain/Job.ts"
import type { WorkerId } from "#domain/Worker.ts"
import { Clock, Effect, FiberSet, Latch, Schedule, type Scope, Semaphore } from "effect"
import type { HintDelivery } from "../ports/Broker.ts"
import { Ids } from "../ports/Ids.ts"
import { type ClaimedJob, JobStore } from "../ports/JobStore.ts"
import { Metrics } from "../ports/Metrics.ts"
import { Signals } from "../ports/Signals.ts"
import { WorkerStore } from "../ports/WorkerStore.ts"
import { abort, perform, refusedResult, type Running, start } from "./Attempt.ts"
import type { Completer } from "./Completer.ts"
import { answered, Inbox, type WaitingHint } from "./Inbox.ts"
import type { WorkerOptions } from "./Worker.ts"

/** Jobs in one claim. */
const maxClaim = 500
/** Claims on their way at the same time: one commits while the next gathers. */
const claimConcurrency = 2
/** A stopping worker waits this long for claims on their way; with a store that is away they never answer. */
const lastClaimMillis = 3_000
const retryPolicy = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])

export interface Claims {
  /** By job id. */
  readonly running: ReadonlyMap<string, Running>
  readonly leaked: () => number
  readonly offer: (delivery: HintDelivery) => Effect.Effect<void>
  /** Hints that wait longer than this go back to PostgreSQL. */
  readonly handBackOlderThan: (millis: number) => Effect.Effect<void>
  /** Compares what runs here with what the truth says runs here. */
  readonly reconcile: Effect.Effect<void>
  readonly takeProgress: () => ReadonlyArray<{ jobId: JobId; token: string; progress: Progress }>
  /** Nothing is claimed after this; waits for claims on their way. */
  readonly stop: Effect.Effect<void>
}

export const make = Effect.fnUntraced(function*(context: {
  readonly worker: WorkerId
  readonly options: WorkerOptions
  readonly completer: Completer
  readonly attempts: FiberSet.FiberSet<void>
}): Effect.fn.Return<Claims, never, Ids | JobStore | Metrics | Signals | WorkerStore | Scope.Scope> {
  const { attempts, completer, options, worker } = context
  const store = yield* JobStore
  const workers = yield* WorkerStore
  const ids = yield* Ids
  const metrics = yield* Metrics
  const signals = yield* Signals
  const types = new Map(options.types.map((type) => [type.description.name, type]))
  const inbox = new Inbox()
  const running = new Map<string, Running>()
  const leaked = new Set<Running>()
  /** Tokens of claims whose answer is awaited. */
  const claiming = new Set<string>()
  const busyPerQueue = new Map<QueueName, number>()
  const work = Latch.makeUnsafe(false)
  const claimPermits = yield* Semaphore.make(claimConcurrency)
  let stopped = false
  const nowMillis = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1_000_000n))

  const countLeaked = () => {
    for (const one of leaked) if (one.returned) leaked.delete(one)
    return leaked.size
  }
  const freeSlots = () => options.slots - running.size - claiming.size - countLeaked()
  const occupy = (queue: QueueName, by: 1 | -1) => busyPerQueue.set(queue, (busyPerQueue.get(queue) ?? 0) + by)
  const room = (queue: QueueName) => (options.queueSlots.get(queue) ?? options.slots) - (busyPerQueue.get(queue) ?? 0)

  const attempt = Effect.fnUntraced(function*(one: Running) {
    const { job } = one
    const type = types.get(job.type)
    metrics.increment("odto_jobs_started_total", { type: job.type })
    metrics.observe("odto_job_wait_duration_seconds", { type: job.type }, job.waitMillis / 1_000)
    if (type === undefined) return yield* giveBack([job])
    const settlement = yield* perform(one, type)
    metrics.observe("odto_job_run_duration_seconds", { type: job.type }, settlement.runMillis / 1_000)
    // A dropped attempt says nothing: its job may run elsewhere already.
    if (one.abortReason === "lease-lost") return
    const answer = yield* completer.settle(settlement)
    const final = answer === "invalid" ? yield* completer.settle(refusedResult(settlement)) : answer
    metrics.increment("odto_jobs_finished_total", { type: job.type, outcome: settlement.next._tag })
    if (final === "refused") metrics.increment("odto_completions_refused_total", {})
  })

  const runAttempt = (job: ClaimedJob) =>
    Effect.flatMap(nowMillis, (now) => {
      const one = start(job, now)
      running.set(job.jobId, one)
      return FiberSet.run(
        attempts,
        attempt(one).pipe(
          Effect.catch((error) =>
            Effect.logError("an outcome could not be committed; the job runs again when the lease ends", {
              jobId: job.jobId,
              error: error.message
            })
          ),
          Effect.ensuring(Effect.sync(() => {
            running.delete(job.jobId)
            occupy(job.queue, -1)
            if (!one.returned) leaked.add(one)
            work.openUnsafe()
          }))
        )
      )
    })

  /** Gives jobs back by their tokens; no failure is counted. */
  const giveBack = (jobs: ReadonlyArray<{ jobId: JobId; token: string; attempt: number }>) =>
    jobs.length === 0 ? Effect.void : store.settle(jobs.map(({ attempt, jobId, token }) => ({
      jobId,
      token,
      attempt,
      runMillis: 0,
      traceparent: undefined,
      correlationId: undefined,
      next: { _tag: "release" as const }
    }))).pipe(Effect.andThen(signals.send("due")), Effect.andThen(signals.send("log")))

  const reconcile = Effect.gen(function*() {
    const held = new Set([...running.values()].map(({ job }) => job.token))
    const truth = yield* workers.runningOf(worker)
    const heldNow = new Set([...running.values()].map(({ job }) => job.token))
    yield* giveBack(truth.filter(({ token }) => !held.has(token) && !heldNow.has(token) && !claiming.has(token)))
    const known = new Set(truth.map(({ token }) => token))
    const now = yield* nowMillis
    for (const one of running.values()) {
      if (held.has(one.job.token) && !known.has(one.job.token)) abort(one, "lease-lost", now)
    }
  }).pipe(Effect.catch((error) => Effect.logWarning("cannot compare with the truth", { error: error.message })))

  const claim = Effect.fnUntraced(function*(hints: ReadonlyArray<WaitingHint>) {
    const claims = hints.map(({ jobId }) => ({ jobId, token: ids.random() }))
    for (const { token } of claims) claiming.add(token)
    for (const { queue } of hints) occupy(queue, 1)
    let answerLost = false
    const claimed = yield* store.claim(worker, claims).pipe(
      Effect.tapError((error) => {
        answerLost = true
        return Effect.logWarning("claims wait for the store", { reason: error.reason })
      }),
      Effect.retry({ schedule: retryPolicy, while: (error) => error.isRetryable }),
      Effect.orElseSucceed((): ReadonlyArray<ClaimedJob> => [])
    )
    const won = new Set<string>()
    for (const job of claimed) {
      won.add(job.jobId)
      yield* runAttempt(job)
    }
    for (const { jobId, queue } of hints) if (!won.has(jobId)) occupy(queue, -1)
    for (const { token } of claims) claiming.delete(token)
    metrics.observe("odto_batch_size", { operation: "claim" }, claims.length)
    yield* answered(hints)
    yield* signals.send("log")
    if (answerLost) yield* reconcile
    work.openUnsafe()
  })

  const claimNext = Effect.gen(function*() {
    yield* work.await
    work.closeUnsafe()
    yield* Semaphore.take(claimPermits, 1)
    const free = stopped ? 0 : Math.min(maxClaim, freeSlots())
    const hints = free > 0 ? inbox.take(free, room) : []
    if (hints.length === 0) return yield* Semaphore.release(claimPermits, 1)
    if (inbox.size > 0) work.openUnsafe()
    return yield* Effect.forkScoped(Effect.ensuring(claim(hints), Semaphore.release(claimPermits, 1)))
  })
  yield* claimNext.pipe(Effect.forever, Effect.forkScoped)

  return {
    running,
    leaked: countLeaked,
    offer: (delivery) =>
      Effect.map(nowMillis, (now) => {
        inbox.add(delivery, now)
        work.openUnsafe()
      }),
    handBackOlderThan: (millis) =>
      Effect.flatMap(nowMillis, (now) => {
        const old = millis === Number.NEGATIVE_INFINITY ? inbox.takeAll() : inbox.takeOlderThan(now - millis)
        return old.length === 0
          ? Effect.void
          : store.handBack(old).pipe(Effect.ignore, Effect.andThen(answered(old)), Effect.andThen(signals.send("due")))
      }),
    reconcile,
    takeProgress: () => {
      const reports: Array<{ jobId: JobId; token: string; progress: Progress }> = []
      for (const one of running.values()) {
        if (one.progress === undefined) continue
        reports.push({ jobId: one.job.jobId, token: one.job.token, progress: one.progress })
        one.progress = undefined
      }
      return reports
    },
    stop: Effect.suspend(() => {
      stopped = true
      return Semaphore.take(claimPermits, claimConcurrency).pipe(
        Effect.andThen(Semaphore.release(claimPermits, claimConcurrency)),
        Effect.timeoutOption(lastClaimMillis),
        Effect.asVoid
      )
    })
  }
})
