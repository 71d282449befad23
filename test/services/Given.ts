/** What the tests of gateway, dispatcher and processor share: job types with handlers on order, and time that passes. */
import { localActor } from "#domain/Access.ts"
import { type JobId, JobTypeName, QueueName, type SubmitJob } from "#domain/Job.ts"
import type { LogEvent } from "#domain/JobEvent.ts"
import type { JobContext, JobType } from "#domain/JobType.ts"
import type { JobView } from "#domain/JobView.ts"
import type { Outcome } from "#domain/Outcome.ts"
import { Intake } from "#services/gateway/Intake.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { Metrics } from "#services/ports/Metrics.ts"
import type { WorkerOptions } from "#services/processor/Worker.ts"
import { Effect, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"

export const queue = (name: string) => QueueName.make(name)
export const typeName = (name: string) => JobTypeName.make(name)

export const completed: Outcome = { _tag: "Completed", result: { done: true } }
export const failed = (message: string, retryable = true): Outcome => ({
  _tag: "Failed",
  error: { name: "Error", message, retryable }
})

export const typeOf = (
  name: string,
  perform: JobType["perform"],
  policy: Partial<JobType["description"]> = {}
): JobType => ({
  description: {
    name: typeName(name),
    payloadSchema: { type: "object" },
    maxAttempts: 3,
    backoff: { baseMillis: 1_000, factor: 2, maxMillis: 10_000, jitter: "none" },
    timeoutMillis: 60_000,
    ...policy
  },
  perform
})

/** One call of a handler, which goes on until the test ends it. */
export interface Call {
  readonly payload: unknown
  readonly context: JobContext
  readonly end: (outcome: Outcome) => void
}

const open = new Set<Call>()
/** Ends every call that is still open when its scope closes: a worker that drains would wait for it. */
export const letGo = Layer.effectDiscard(Effect.addFinalizer(() =>
  Effect.sync(() => {
    for (const call of open) call.end(completed)
    open.clear()
  })
))

/** A type whose handler does what the test says, when it says so. It ignores its signal. */
export const orderedType = (name: string, policy: Partial<JobType["description"]> = {}) => {
  const calls: Array<Call> = []
  const type = typeOf(
    name,
    (payload, context) =>
      new Promise((end) => {
        const call = { payload, context, end }
        calls.push(call)
        open.add(call)
      }),
    policy
  )
  return { type, calls }
}

export const workerOptions = (types: ReadonlyArray<JobType>, more: Partial<WorkerOptions> = {}): WorkerOptions => ({
  name: "processor/test-1",
  host: "test",
  pid: 1,
  version: "0.0.0",
  slots: 4,
  queues: undefined,
  queueSlots: new Map(),
  types,
  drainMillis: 1_000,
  ...more
})

/** Handlers are promises: they go on when the event loop turns. */
export const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const stepMillis = 50

/** Lets time pass in small steps, with everything that happens meanwhile. */
export const pass = Effect.fnUntraced(function*(millis: number) {
  for (let passed = 0; passed < millis; passed += stepMillis) {
    yield* TestClock.adjust(Math.min(stepMillis, millis - passed))
    yield* turn
  }
})

type Request = { readonly type: string } & Partial<Omit<SubmitJob, "type">>

/** Time passes until the answer is there: an unknown type is looked up again after a while. */
export const answerTo = Effect.fnUntraced(function*(job: Request) {
  const intake = yield* Intake
  const answering = yield* Effect.forkChild(
    intake.submit([{ job: { ...job, type: typeName(job.type) }, traceparent: undefined }], localActor),
    { startImmediately: true }
  )
  yield* turn
  while (answering.pollUnsafe() === undefined) yield* pass(stepMillis)
  const [answer] = yield* Fiber.join(answering)
  return answer
})

export const submit = Effect.fnUntraced(function*(job: Request) {
  const answer = yield* answerTo(job)
  if (answer?._tag !== "Accepted") return yield* Effect.die(new Error(`answered ${answer?._tag}`))
  return answer.jobId
})

export const jobOf = Effect.fnUntraced(function*(jobId: JobId) {
  const queries = yield* JobQueries
  return Option.getOrThrow(yield* queries.get(jobId))
})

/** Two minutes of virtual time, in which what is awaited must come about. */
const patienceMillis = 120_000

export const untilTrue = Effect.fnUntraced(function*<E, R>(what: string, question: Effect.Effect<boolean, E, R>) {
  for (let passed = 0; passed < patienceMillis; passed += stepMillis) {
    if (yield* question) return
    yield* pass(stepMillis)
  }
  return yield* Effect.die(new Error(`did not come about: ${what}`))
})

export const untilJob = Effect.fnUntraced(function*(jobId: JobId, status: JobView["status"]) {
  yield* untilTrue(`job is ${status}`, Effect.map(jobOf(jobId), (job) => job.status === status))
  return yield* jobOf(jobId)
})

/** The job's events in the order of the log; its sequence must have no gap. */
export const eventsOf = Effect.fnUntraced(function*(jobId: JobId) {
  const log = yield* EventLog
  const events = (yield* log.ofJob(jobId)).flatMap((row) => row.events).filter((event) => event.job === jobId)
  const gap = events.findIndex(({ seq }, index) => seq !== index + 1)
  if (gap >= 0) return yield* Effect.die(new Error(`the history has a gap at ${gap}`))
  return events
})
export const historyOf = (jobId: JobId) =>
  Effect.map(eventsOf(jobId), (events): ReadonlyArray<LogEvent["type"]> => events.map(({ type }) => type))

/** The value of a series in the metrics; 0 when nothing was recorded. */
export const metric = Effect.fnUntraced(function*(series: string) {
  const metrics = yield* Metrics
  const line = (yield* metrics.render).split("\n").find((one) => one.startsWith(`${series} `))
  return line === undefined ? 0 : Number(line.slice(series.length + 1))
})
