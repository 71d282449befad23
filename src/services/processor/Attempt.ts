/**
 * One attempt at one job: perform, decide what follows, commit it.
 *
 * Whatever the handler does, an attempt ends: it times out, hears of a cancellation, and when it ignores its signal its
 * end is committed without it, while its slot stays taken until it really returns.
 */
import { AttemptError, maxResultBytes, type Progress } from "#domain/Job.ts"
import type { JobContext, JobType } from "#domain/JobType.ts"
import { storableJsonText, storableText } from "#domain/Json.ts"
import { decideNext, type Outcome } from "#domain/Outcome.ts"
import * as TraceContext from "#domain/TraceContext.ts"
import { Effect, Option, Predicate, Random, Schema, Tracer } from "effect"
import { nowMillis } from "../Monotonic.ts"
import type { ClaimedJob, Settlement } from "../ports/JobStore.ts"

/** How long a handler may take to return after its signal. */
export const abortGraceMillis = 5_000
/** Characters of an error that are kept. */
const maxName = 200
const maxMessage = 2_000
const maxStack = 8_000
/** Characters of what a handler says about its progress. */
const maxProgress = 500

/** Why an attempt was told to stop. */
export type AbortReason = "timeout" | "deadline" | "cancelled" | "lease-lost" | "drain"

/** A running attempt as its worker holds it. Times are monotonic milliseconds. */
export interface Running {
  readonly job: ClaimedJob
  readonly controller: AbortController
  /** When it is told to stop, and why. */
  readonly limitAt: number
  readonly limitReason: "timeout" | "deadline"
  /** Set before the signal fires. */
  abortReason: AbortReason | undefined
  abortedAt: number
  /** No handler is at work: it has returned, or was never called. */
  returned: boolean
  /** Called when the handler returns. */
  onReturn: () => void
  /** Ends the attempt without its handler. */
  giveUp: (outcome: Outcome) => void
  progress: Progress | undefined
}

export const start = (job: ClaimedJob, now: number): Running => {
  const timeoutAt = now + job.timeoutMillis
  const deadlineAt = job.deadlineInMillis === undefined ? Number.POSITIVE_INFINITY : now + job.deadlineInMillis
  return {
    job,
    controller: new AbortController(),
    limitAt: Math.min(timeoutAt, deadlineAt),
    limitReason: deadlineAt < timeoutAt ? "deadline" : "timeout",
    abortReason: undefined,
    abortedAt: 0,
    returned: true,
    onReturn: () => {},
    giveUp: () => {},
    progress: undefined
  }
}

/** The first reason counts; a lost lease ends the attempt at once. */
export const abort = (running: Running, reason: AbortReason, now: number): void => {
  if (running.abortReason === undefined) {
    running.abortReason = reason
    running.abortedAt = now
    running.controller.abort(new DOMException(`the attempt was stopped: ${reason}`, "AbortError"))
  }
  if (reason === "lease-lost") running.giveUp({ _tag: "Released" })
}

/** Applies the limits; called a few times a second for every running attempt. */
export const watch = (running: Running, now: number): void => {
  if (running.abortReason === undefined) {
    if (now >= running.limitAt) abort(running, running.limitReason, now)
  } else if (now - running.abortedAt >= abortGraceMillis) {
    running.giveUp(stopped(running.abortReason, running.job.timeoutMillis))
  }
}

/** The beginning of a text. Cut first: the cut may leave half of a surrogate pair, which no store takes. */
const beginning = (text: string, characters: number): string => storableText(text.slice(0, characters))

const kept = (error: AttemptError): AttemptError => ({
  name: beginning(error.name, maxName),
  message: beginning(error.message, maxMessage),
  retryable: error.retryable,
  ...(error.stack === undefined ? {} : { stack: beginning(error.stack, maxStack) })
})

const failed = (name: string, message: string, retryable: boolean): Outcome => ({
  _tag: "Failed",
  error: { name, message, retryable }
})

/** What a stopped attempt comes to, whatever its handler said. */
const stopped = (reason: AbortReason, timeoutMillis: number): Outcome => {
  switch (reason) {
    case "timeout":
      return failed("AttemptTimeout", `the attempt took longer than ${timeoutMillis} ms`, true)
    case "deadline":
      return failed("DeadlineExceeded", "the job's deadline passed while it ran", false)
    case "cancelled":
      return { _tag: "Cancelled" }
    case "lease-lost":
    case "drain":
      return { _tag: "Released" }
  }
}

const asResult = (value: unknown): Outcome | string => {
  const text = storableJsonText(value)
  if (text === undefined) return failed("ResultNotJson", "the result cannot be written as JSON", false)
  const bytes = Buffer.byteLength(text)
  return bytes <= maxResultBytes
    ? text
    : failed("ResultTooLarge", `the result has ${bytes} bytes, more than the ${maxResultBytes} that are kept`, false)
}

const settlementOf = (running: Running, outcome: Outcome, runMillis: number, random: number): Settlement => {
  const { job } = running
  const result = outcome._tag === "Completed" ? asResult(outcome.result) : ""
  const ended = typeof result === "string" ? outcome : result
  const next = decideNext(
    ended._tag === "Failed" ? { ...ended, error: kept(ended.error) } : ended,
    { ...job, cancelRequested: running.abortReason === "cancelled" },
    random
  )
  return {
    jobId: job.jobId,
    token: job.token,
    attempt: job.attempt,
    runMillis,
    traceparent: job.traceparent,
    correlationId: job.correlationId,
    next: next._tag === "complete" ? { _tag: "complete", result: typeof result === "string" ? result : "null" } : next
  }
}

const contextOf = (running: Running, traceparent: string | undefined): JobContext => ({
  jobId: running.job.jobId,
  type: running.job.type,
  queue: running.job.queue,
  attempt: running.job.attempt,
  failures: running.job.failures,
  signal: running.controller.signal,
  traceparent,
  correlationId: running.job.correlationId,
  tags: running.job.tags,
  progress: (progress) => {
    const { message, percent } = progress
    if (!Number.isFinite(percent)) throw new TypeError(`progress in percent is a number, not ${String(percent)}`)
    running.progress = {
      percent: Math.min(100, Math.max(0, percent)),
      ...(message === undefined ? {} : { message: beginning(message, maxProgress) })
    }
  }
})

const isAttemptError = Schema.is(AttemptError)

/** What a promise came to, held to the type: a user's module may be made without `defineJobType`. */
const asOutcome = (value: unknown): Outcome => {
  if (Predicate.hasProperty(value, "_tag")) {
    if (value._tag === "Completed") {
      return { _tag: "Completed", result: Predicate.hasProperty(value, "result") ? value.result : null }
    }
    if (value._tag === "Cancelled" || value._tag === "Released") return { _tag: value._tag }
    if (value._tag === "Failed" && Predicate.hasProperty(value, "error") && isAttemptError(value.error)) {
      return { _tag: "Failed", error: value.error }
    }
  }
  return failed("HandlerDefect", "the handler answered with something that is no outcome", true)
}

/** The handler's outcome, or the one that it was given up with. Never fails. */
const outcomeOf = (running: Running, type: JobType, traceparent: string | undefined) =>
  Effect.callback<Outcome>((resume) => {
    running.giveUp = (outcome) => resume(Effect.succeed(outcome))
    running.returned = false
    const ended = (outcome: Outcome) => {
      running.returned = true
      running.onReturn()
      resume(Effect.succeed(outcome))
    }
    new Promise<unknown>((resolve) => resolve(type.perform(running.job.payload, contextOf(running, traceparent)))).then(
      (answer) => {
        const outcome = asOutcome(answer)
        ended(
          outcome._tag === "Completed" || running.abortReason === undefined
            ? outcome
            : stopped(running.abortReason, running.job.timeoutMillis)
        )
      },
      (cause: unknown) => ended(failed("HandlerDefect", cause instanceof Error ? cause.message : typeof cause, true))
    )
  })

/** Runs the handler, in a span of its own when the job's trace is sampled, and answers how the attempt ends. */
export const perform = Effect.fnUntraced(function*(running: Running, type: JobType) {
  const { job } = running
  const startedAt = yield* nowMillis
  const parent = TraceContext.parse(job.traceparent)
  const outcome = parent !== undefined && parent.sampled
    ? yield* Effect.flatMap(
      Effect.option(Effect.currentSpan),
      (span) => outcomeOf(running, type, Option.getOrUndefined(Option.map(span, TraceContext.ofSpan)))
    ).pipe(Effect.withSpan(`job ${job.type}`, {
      kind: "consumer",
      parent: Tracer.externalSpan(parent),
      attributes: { "job.id": job.jobId, "job.attempt": job.attempt, "job.queue": job.queue }
    }))
    : yield* outcomeOf(running, type, job.traceparent)
  const runMillis = Math.round(((yield* nowMillis) - startedAt) * 1_000) / 1_000
  return settlementOf(running, outcome, runMillis, yield* Random.next)
})

/** The settlement again as a failure, for a result that the store refuses. */
export const refusedResult = (settlement: Settlement): Settlement => ({
  ...settlement,
  next: {
    _tag: "die",
    error: { name: "ResultRefused", message: "the store refuses the result", retryable: false },
    reason: "non-retryable"
  }
})
