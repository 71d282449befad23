/**
 * Turns waiting hints into running attempts.
 *
 * Claims only for free slots. Tokens are made before the claim: when its answer is lost, the truth is asked which jobs
 * run under this worker, and what is not held here is given back by its token.
 */
import type { JobId, Progress, QueueName } from "#domain/Job.ts"
import type { WorkerId } from "#domain/Worker.ts"
import { Cause, Effect, FiberSet, Latch, Schedule, type Scope, Semaphore } from "effect"
import { nowMillis } from "../Monotonic.ts"
import * as Pace from "../Pace.ts"
import type { HintDelivery } from "../ports/Broker.ts"
import { Ids } from "../ports/Ids.ts"
import { type ClaimedJob, JobStore, type Settlement } from "../ports/JobStore.ts"
import { Metrics } from "../ports/Metrics.ts"
import { Signals } from "../ports/Signals.ts"
import { WorkerStore } from "../ports/WorkerStore.ts"
import { keepGoing } from "../Supervised.ts"
import { abort, perform, refusedResult, type Running, start } from "./Attempt.ts"
import type { Completer } from "./Completer.ts"
import { answered, Inbox, type WaitingHint } from "./Inbox.ts"
import type { LeakedSlots } from "./LeakedSlots.ts"
import type { WorkerOptions } from "./Worker.ts"

/** Jobs in one claim. */
const maxClaim = 500
/** Claims on their way at the same time: one commits while the next gathers. */
const claimConcurrency = 2
/** A stopping worker waits this long for claims on their way; with a store that is away they never answer. */
const lastClaimMillis = 3_000
const outcomes: ReadonlyArray<Settlement["next"]["_tag"]> = ["complete", "retry", "die", "cancel", "release"]
const retryPolicy = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])

export interface Claims {
  /** By token: a job that was taken away may be claimed again while its dropped attempt ends. */
  readonly running: ReadonlyMap<string, Running>
  readonly offer: (delivery: HintDelivery) => Effect.Effect<void>
  /** Hints that wait longer than this go back to the store, and stay here while it is away. */
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
  readonly leaked: LeakedSlots
}): Effect.fn.Return<Claims, never, Ids | JobStore | Metrics | Signals | WorkerStore | Scope.Scope> {
  const { attempts, completer, leaked, options, worker } = context
  const store = yield* JobStore
  const workers = yield* WorkerStore
  const ids = yield* Ids
  const metrics = yield* Metrics
  const signals = yield* Signals
  const types = new Map(options.types.map((type) => [type.description.name, type]))
  metrics.increment("odto_completions_refused_total", {}, 0)
  for (const type of types.keys()) {
    metrics.increment("odto_jobs_started_total", { type }, 0)
    for (const outcome of outcomes) metrics.increment("odto_jobs_finished_total", { type, outcome }, 0)
  }
  const inbox = new Inbox()
  const running = new Map<string, Running>()
  /** Tokens of claims whose answer is awaited. */
  const claiming = new Set<string>()
  /** Tokens of attempts that ended while the truth is asked what runs here. */
  let endedMeanwhile: Set<string> | undefined
  const busyPerQueue = new Map<QueueName, number>()
  const work = Latch.makeUnsafe(false)
  const pace = Pace.make(Pace.stageMillis)
  const claimPermits = yield* Semaphore.make(claimConcurrency)
  let stopped = false

  const freeSlots = () => options.slots - running.size - claiming.size - leaked.size
  const occupy = (queue: QueueName, by: 1 | -1) => busyPerQueue.set(queue, (busyPerQueue.get(queue) ?? 0) + by)
  const room = (queue: QueueName) =>
    (options.queueSlots.get(queue) ?? options.slots) - (busyPerQueue.get(queue) ?? 0) - leaked.of(queue)
  leaked.onFreed = () => work.openUnsafe()

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
      running.set(job.token, one)
      return FiberSet.run(
        attempts,
        attempt(one).pipe(
          Effect.catch((error) =>
            Effect.logError("an outcome could not be committed; the job is given back", {
              jobId: job.jobId,
              error: error.message
            })
          ),
          Effect.ensuring(Effect.sync(() => {
            running.delete(job.token)
            endedMeanwhile?.add(job.token)
            occupy(job.queue, -1)
            leaked.add(one)
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

  /** One at a time, so that `endedMeanwhile` is of this one. */
  const reconciling = yield* Semaphore.make(1)
  const reconcile = Effect.gen(function*() {
    const ended = new Set<string>()
    endedMeanwhile = ended
    const held = [...running.values()]
    const truth = yield* workers.runningOf(worker)
    const isOurs = (token: string) => running.has(token) || claiming.has(token) || ended.has(token)
    yield* giveBack(truth.filter(({ token }) => !isOurs(token)))
    const known = new Set(truth.map(({ token }) => token))
    const now = yield* nowMillis
    for (const one of held) if (!known.has(one.job.token)) abort(one, "lease-lost", now)
  }).pipe(
    Effect.catch((error) => Effect.logWarning("cannot compare with the truth", { error: error.message })),
    Effect.ensuring(Effect.sync(() => {
      endedMeanwhile = undefined
    })),
    Semaphore.withPermit(reconciling)
  )

  const claim = Effect.fnUntraced(function*(hints: ReadonlyArray<WaitingHint>) {
    // Hints that came twice make one claim.
    const wanted = new Map(hints.map((hint) => [hint.jobId, { token: ids.random(), queue: hint.queue }]))
    for (const { queue, token } of wanted.values()) {
      claiming.add(token)
      occupy(queue, 1)
    }
    let answerLost = false
    const claimed = yield* store.claim(worker, [...wanted].map(([jobId, { token }]) => ({ jobId, token }))).pipe(
      Effect.tapError((error) => {
        answerLost = true
        return Effect.logWarning("claims wait for the store", { reason: error.reason })
      }),
      Effect.retry({ schedule: retryPolicy, while: (error) => error.isRetryable }),
      // What nobody has foreseen counts as a lost answer: the hints are let go, the truth is asked.
      Effect.catchCause((cause) => {
        answerLost = true
        return Cause.hasInterruptsOnly(cause)
          ? Effect.failCause(cause)
          : Effect.as(Effect.logError("a claim failed", cause), [])
      }),
      Effect.orElseSucceed((): ReadonlyArray<ClaimedJob> => [])
    )
    for (const job of claimed) yield* runAttempt(job)
    const won = new Set(claimed.map(({ token }) => token))
    for (const { queue, token } of wanted.values()) {
      claiming.delete(token)
      if (!won.has(token)) occupy(queue, -1)
    }
    metrics.observe("odto_batch_size", { operation: "claim" }, wanted.size)
    yield* answered(hints)
    yield* signals.send("log")
    if (answerLost) yield* reconcile
    work.openUnsafe()
  })

  const claimNext = Effect.gen(function*() {
    yield* work.await
    work.closeUnsafe()
    if (inbox.size < maxClaim) yield* pace.turn
    yield* Semaphore.take(claimPermits, 1)
    const free = stopped ? 0 : Math.min(maxClaim, freeSlots())
    const hints = free > 0 ? inbox.take(free, room) : []
    if (hints.length === 0) return yield* Semaphore.release(claimPermits, 1)
    if (inbox.size > 0) work.openUnsafe()
    yield* pace.began(hints.length)
    return yield* Effect.forkScoped(Effect.ensuring(claim(hints), Semaphore.release(claimPermits, 1)))
  })
  yield* claimNext.pipe(Effect.forever, keepGoing("claiming"))

  return {
    running,
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
          : store.handBack(old).pipe(
            Effect.andThen(answered(old)),
            Effect.andThen(signals.send("due")),
            Effect.catch(() => Effect.sync(() => inbox.putBack(old)))
          )
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
