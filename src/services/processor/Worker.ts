/**
 * A worker: takes hints, claims jobs for its free slots, runs them, commits how they ended.
 *
 *     hint ─> inbox ─ free slot ─> claim (PostgreSQL) ─> ack ─> attempt ─> settle (PostgreSQL) ─> slot is free
 *
 * All its jobs hang on the lease of one incarnation. When a reaper has ended the lease, every attempt is dropped without
 * a word (its jobs may run elsewhere already) and the worker goes on as a new incarnation.
 */
import type { JobTypeName, QueueName } from "#domain/Job.ts"
import type { JobType } from "#domain/JobType.ts"
import { reconcileMillis, WorkerId } from "#domain/Worker.ts"
import { Context, Deferred, Effect, Exit, FiberSet, Layer, Schedule, Scope, Stream } from "effect"
import { nowMillis } from "../Monotonic.ts"
import { Heartbeats } from "../ports/Heartbeats.ts"
import { Ids } from "../ports/Ids.ts"
import { JobStore } from "../ports/JobStore.ts"
import { Metrics } from "../ports/Metrics.ts"
import { Signals } from "../ports/Signals.ts"
import { WorkerStore } from "../ports/WorkerStore.ts"
import { keepGoing } from "../Supervised.ts"
import * as Wake from "../Wake.ts"
import { abort, type AbortReason, watch } from "./Attempt.ts"
import * as Claims from "./Claims.ts"
import * as Completer from "./Completer.ts"
import * as Consumers from "./Consumers.ts"
import { LeakedSlots } from "./LeakedSlots.ts"

export interface WorkerOptions {
  readonly name: string
  readonly host: string
  readonly pid: number
  readonly version: string
  /** Attempts at a time. */
  readonly slots: number
  /** Undefined: all queues. */
  readonly queues: ReadonlyArray<QueueName> | undefined
  /** Attempts at a time per queue; absent queues are limited by `slots` only. */
  readonly queueSlots: ReadonlyMap<QueueName, number>
  readonly types: ReadonlyArray<JobType>
  /** How long running attempts may go on after a stop was asked for, before they are told to stop. */
  readonly drainMillis: number
}

const watchInterval = "100 millis"
const progressInterval = "1 second"
/** A hint that found no free slot for this long goes back to PostgreSQL, so that another worker may have it. */
const waitInInboxMillis = 1_000
/** After their signal, attempts of a draining worker have their abort grace and this much to be committed. */
const flushMillis = 10_000
const registerRetry = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("2 seconds")])

export interface WorkerStatus {
  readonly id: string
  readonly running: number
  /** Slots held by handlers that were given up and have not returned. */
  readonly leaked: number
  readonly slots: number
}

/** One lease: from registration until it is lost (returns) or the worker is stopped (interrupted: drains). */
const incarnation = Effect.fnUntraced(function*(
  options: WorkerOptions,
  leaked: LeakedSlots,
  isFirst: boolean,
  publish: (status: () => WorkerStatus) => void
) {
  const workers = yield* WorkerStore
  const store = yield* JobStore
  const heartbeats = yield* Heartbeats
  const signals = yield* Signals
  const metrics = yield* Metrics
  const ids = yield* Ids
  const id = WorkerId.make(ids.random())
  const lost = yield* Deferred.make<void>()

  yield* workers.register({
    id,
    name: options.name,
    host: options.host,
    pid: options.pid,
    version: options.version,
    slots: options.slots,
    queues: options.queues,
    types: options.types.map((type) => type.description),
    updateTypes: isFirst
  }).pipe(
    Effect.tapError((error) => Effect.logWarning("a worker waits for the store", { reason: error.reason })),
    Effect.retry(registerRetry)
  )
  yield* signals.send("types")
  yield* signals.send("workers")

  const completer = yield* Completer.make
  const attempts = yield* FiberSet.make<void>()
  const claims = yield* Claims.make({ worker: id, options, completer, attempts, leaked })
  publish(() => ({ id, running: claims.running.size, leaked: leaked.size, slots: options.slots }))

  const abortAll = (reason: AbortReason) =>
    Effect.map(nowMillis, (now) => {
      for (const running of claims.running.values()) abort(running, reason, now)
    })
  const heed = Effect.fnUntraced(function*(beat: { readonly live: boolean; readonly cancel: ReadonlyArray<string> }) {
    if (!beat.live) return yield* Deferred.succeed(lost, undefined)
    if (beat.cancel.length === 0) return true
    const now = yield* nowMillis
    const cancelled = new Set(beat.cancel)
    for (const running of claims.running.values()) {
      if (cancelled.has(running.job.jobId)) abort(running, "cancelled", now)
    }
    return true
  })

  yield* heartbeats.beat(id).pipe(Stream.runForEach(heed), keepGoing("listening to the heartbeat"))
  const cancelWake = yield* Wake.make(["cancel"])
  yield* cancelWake.wait(reconcileMillis).pipe(
    // Also behind the heartbeats: a worker whose lease ended unheard would take hints for ever and claim nothing.
    Effect.andThen(Effect.flatMap(workers.heartbeat(id), heed)),
    Effect.ignore,
    Effect.forever,
    keepGoing("asking for cancellations")
  )
  yield* Effect.map(nowMillis, (now) => {
    for (const running of claims.running.values()) watch(running, now)
    metrics.set("odto_worker_slots", {}, options.slots)
    metrics.set("odto_worker_slots_busy", {}, claims.running.size + leaked.size)
  }).pipe(Effect.repeat(Schedule.spaced(watchInterval)), keepGoing("watching attempts"))
  yield* claims.handBackOlderThan(waitInInboxMillis).pipe(
    Effect.repeat(Schedule.spaced(waitInInboxMillis / 2)),
    keepGoing("handing back hints")
  )
  yield* claims.reconcile.pipe(Effect.repeat(Schedule.spaced(reconcileMillis)), keepGoing("comparing with the truth"))
  yield* Effect.suspend(() => {
    const reports = claims.takeProgress()
    return reports.length === 0
      ? Effect.void
      : Effect.ignore(Effect.andThen(store.progress(reports), signals.send("log")))
  }).pipe(Effect.repeat(Schedule.spaced(progressInterval)), keepGoing("recording progress"))

  // The consumers have a scope of their own: a draining worker stops taking first.
  const taking = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(taking, Exit.void))
  yield* Consumers.consume({
    slots: options.slots,
    types: options.types.map((type): JobTypeName => type.description.name),
    queues: options.queues,
    onHint: claims.offer
  }).pipe(Scope.provide(taking))

  const drain = Effect.gen(function*() {
    yield* claims.stop
    yield* claims.handBackOlderThan(Number.NEGATIVE_INFINITY)
    yield* Scope.close(taking, Exit.void)
    yield* FiberSet.awaitEmpty(attempts).pipe(Effect.timeoutOption(options.drainMillis))
    yield* abortAll("drain")
    yield* FiberSet.awaitEmpty(attempts).pipe(Effect.timeoutOption(flushMillis))
    yield* workers.retire(id).pipe(Effect.timeoutOption(flushMillis), Effect.ignore)
    yield* signals.send("workers")
    yield* signals.send("due")
  })

  yield* Deferred.await(lost).pipe(Effect.onInterrupt(() => drain))
  yield* Effect.logWarning("the lease was lost: attempts are dropped, a new incarnation starts", { worker: id })
  yield* abortAll("lease-lost")
  yield* FiberSet.clear(attempts)
})

/** The worker of this process, for health and screens. */
export class Worker extends Context.Service<Worker, {
  readonly status: Effect.Effect<WorkerStatus>
}>()("odto/services/Worker") {
  /** Ready when the types are registered: jobs of them can be submitted from then on. */
  static readonly layer = (options: WorkerOptions) =>
    Layer.effect(
      Worker,
      Effect.gen(function*() {
        const leaked = new LeakedSlots()
        let status = (): WorkerStatus => ({ id: "", running: 0, leaked: 0, slots: options.slots })
        const registered = yield* Deferred.make<void>()
        let isFirst = true
        yield* Effect.suspend(() =>
          Effect.scoped(incarnation(options, leaked, isFirst, (current) => {
            isFirst = false
            status = current
            Deferred.doneUnsafe(registered, Effect.void)
          }))
        ).pipe(Effect.forever, keepGoing("the worker"))
        yield* Deferred.await(registered)
        return Worker.of({ status: Effect.sync(() => status()) })
      })
    )
}
