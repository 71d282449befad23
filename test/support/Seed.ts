/** Jobs brought into a state through the ports, as programs bring them there. */
import type { Actor } from "#domain/Access.ts"
import { JobId, JobTypeName, QueueName } from "#domain/Job.ts"
import { decideNext, type Outcome } from "#domain/Outcome.ts"
import { defaultBackoff, defaultMaxAttempts, defaultTimeoutMillis } from "#domain/Retry.ts"
import { makeUuidV7 } from "#domain/Uuid.ts"
import { WorkerId } from "#domain/Worker.ts"
import { type ClaimedJob, JobStore, type NewJob } from "#services/ports/JobStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { Effect } from "effect"
import { randomBytes, randomUUID } from "node:crypto"

export const operator: Actor = { name: "olga", role: "operator" }

const nextId = makeUuidV7(randomBytes)
export const freshJobId = () => JobId.make(nextId(Date.now()))

const hour = 60 * 60 * 1000

let names = 0
/** A queue, type, tag or name that nobody else uses. */
export const fresh = (kind: string) => `${kind}-${process.pid}-${++names}`
export const freshQueue = () => QueueName.make(fresh("queue"))
export const freshType = () => JobTypeName.make(fresh("test.type"))

/** A submission at once, of a type and queue of its own unless told otherwise. */
export const newJob = (given: Partial<NewJob> = {}): NewJob => ({
  id: freshJobId(),
  type: given.type ?? freshType(),
  queue: given.queue ?? freshQueue(),
  payload: "{\"greeting\":\"hello\"}",
  priority: 5,
  runAt: undefined,
  maxAttempts: defaultMaxAttempts,
  backoff: defaultBackoff,
  timeoutMillis: defaultTimeoutMillis,
  deadline: undefined,
  tags: [],
  correlationId: undefined,
  traceparent: undefined,
  idempotency: undefined,
  submittedBy: "seed",
  ...given
})

export const accept = Effect.fnUntraced(function*(...jobs: ReadonlyArray<NewJob>) {
  const store = yield* JobStore
  for (const answer of yield* store.accept(jobs)) {
    if (answer._tag !== "Accepted") return yield* Effect.die(new Error(`a seed was answered ${answer._tag}`))
  }
})

/** A live worker; of every type and queue that is named, else of none. */
export const startWorker = Effect.fnUntraced(function*(given: {
  readonly name?: string
  readonly types?: ReadonlyArray<JobTypeName>
  readonly queues?: ReadonlyArray<QueueName>
  readonly slots?: number
}) {
  const workers = yield* WorkerStore
  const id = WorkerId.make(randomUUID())
  yield* workers.register({
    id,
    name: given.name ?? `processor/${id}`,
    host: "test",
    pid: process.pid,
    version: "0.0.0",
    slots: given.slots ?? 4,
    queues: given.queues,
    types: (given.types ?? []).map((name) => ({
      name,
      payloadSchema: {},
      maxAttempts: defaultMaxAttempts,
      backoff: defaultBackoff,
      timeoutMillis: defaultTimeoutMillis
    }))
  })
  return id
})

/** Hands the jobs of this type to the broker. */
export const dispatch = Effect.fnUntraced(function*({ queue, type }: Pick<NewJob, "queue" | "type">) {
  const store = yield* JobStore
  return yield* store.dispatch({ queue, types: [type], window: 1_000, limit: 1_000 })
})

/** The worker runs the job: the only one of its queue and type that waits. */
export const run = Effect.fnUntraced(function*(worker: WorkerId, job: NewJob) {
  const store = yield* JobStore
  yield* dispatch(job)
  const [claimed] = yield* store.claim(worker, [{ jobId: job.id, token: randomUUID() }])
  return claimed ?? (yield* Effect.die(new Error("a seed was not to be had")))
})

/** The attempt ends. */
export const settle = Effect.fnUntraced(function*(job: ClaimedJob, outcome: Outcome) {
  const store = yield* JobStore
  const { backoff, correlationId, failures, jobId, maxAttempts, token, traceparent } = job
  const next = decideNext(outcome, { failures, maxAttempts, backoff, cancelRequested: false }, 0)
  yield* store.settle([{
    jobId,
    token,
    attempt: job.attempt,
    runMillis: 1,
    traceparent,
    correlationId,
    next: next._tag === "complete" ? { _tag: "complete", result: JSON.stringify(next.result) } : next
  }])
})

export const completed = (result: unknown = null): Outcome => ({ _tag: "Completed", result })
export const failed = (message: string, retryable = false): Outcome => ({
  _tag: "Failed",
  error: { name: "Error", message, retryable }
})

/** One job in each status, of one queue. */
export const oneOfEach = Effect.gen(function*() {
  const store = yield* JobStore
  const queue = freshQueue()
  const given = (job: Partial<NewJob> = {}) => newJob({ queue, ...job })
  const scheduled = given({ runAt: Date.now() + hour })
  const queued = given()
  const dispatched = given()
  const running = given()
  const retrying = given({ backoff: { baseMillis: hour, factor: 1, maxMillis: hour, jitter: "none" } })
  const done = given()
  const dead = given()
  const cancelled = given()
  const all = { scheduled, queued, dispatched, running, retrying, completed: done, dead, cancelled }
  const worker = yield* startWorker({
    types: [running, retrying, done, dead].map(({ type }) => type),
    queues: [queue]
  })
  yield* accept(...Object.values(all))
  yield* dispatch(dispatched)
  yield* run(worker, running)
  yield* settle(yield* run(worker, retrying), failed("not now", true))
  yield* settle(yield* run(worker, done), completed({ answer: 42 }))
  yield* settle(yield* run(worker, dead), failed("no good"))
  yield* store.cancel(cancelled.id, operator)
  return { all, queue, worker }
})
