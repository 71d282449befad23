/** What may be asked of the stores of a job, one call after the other: all that decides is chosen here. */
import { localActor } from "#domain/Access.ts"
import type { JobId } from "#domain/Job.ts"
import { WorkerId } from "#domain/Worker.ts"
import {
  type Claim,
  type ClaimedJob,
  type Dispatched,
  JobStore,
  type NewJob,
  type Settlement
} from "#services/ports/JobStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { freshQueue, freshType, newJob } from "./Seed.ts"

const hour = 3_600_000
/** Far from any clock, so that it is past or to come for both. */
const longAgo = 1_000
const inAges = 4_000_000_000_000
/** More than there are: which of several would be taken first is not asked. */
export const all = 10_000

/** All that decides is chosen here, once for both. What the first answers is what the next calls are about. */
export interface World {
  readonly queue: NewJob["queue"]
  readonly types: readonly [NewJob["type"], NewJob["type"]]
  readonly batches: Array<ReadonlyArray<NewJob>>
  readonly hints: Array<Dispatched>
  readonly claims: Array<Claim>
  readonly held: Array<ClaimedJob>
  readonly spent: Array<Settlement>
  worker: WorkerId
}

export const makeWorld = (): World => ({
  queue: freshQueue(),
  types: [freshType(), freshType()],
  batches: [],
  hints: [],
  claims: [],
  held: [],
  spent: [],
  worker: WorkerId.make(randomUUID())
})

const at = <A>(list: ReadonlyArray<A>, pick: number): A | undefined => list[pick % Math.max(1, list.length)]
const jobAt = (world: World, pick: number): JobId | undefined => at(world.batches.flat(), pick)?.id

export type Call = Effect.Effect<unknown, unknown, JobStore | WorkerStore>
export const nothing: Call = Effect.void
const onJobs = (call: (store: JobStore["Service"]) => Effect.Effect<unknown, unknown>): Call =>
  Effect.flatMap(JobStore, call)
const onWorkers = (call: (store: WorkerStore["Service"]) => Effect.Effect<unknown, unknown>): Call =>
  Effect.flatMap(WorkerStore, call)

const submission = (world: World, pick: number, index: number): NewJob =>
  newJob({
    queue: world.queue,
    type: world.types[(pick + index) % 2 === 0 ? 0 : 1],
    priority: (pick + index) % 10,
    maxAttempts: 1 + pick % 3,
    runAt: [undefined, longAgo, inAges, undefined][pick % 4],
    deadline: pick % 5 === 1 ? inAges : pick % 11 === 3 ? longAgo : undefined,
    payload: ["{}", "{\"a\":[1]}", "{", "{\"a\":\"\\u0000\"}", "{\"ü\":\"😀\"}"][pick % 7 < 5 ? pick % 7 : 0] ?? "{}",
    tags: pick % 3 === 0 ? ["red", `nr-${index}`] : [],
    correlationId: pick % 2 === 0 ? "order \"1\"" : undefined,
    traceparent: pick % 3 === 0 ? "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" : undefined,
    idempotency: pick % 4 === 1
      ? { scope: `me/${world.queue}`, key: `key ${pick % 3}`, bodyHash: `hash ${pick % 2}`, ttlMillis: hour }
      : undefined
  })

const nextOf = (pick: number): Settlement["next"] => {
  const error = { name: "Error", message: "no".repeat(1 + pick), retryable: pick % 2 === 0 }
  switch (pick % 9) {
    case 0:
      return { _tag: "retry", error: { ...error, stack: "at home" }, delayMillis: 0 }
    case 1:
      return { _tag: "retry", error, delayMillis: hour }
    case 2:
      return { _tag: "die", error, reason: "exhausted" }
    case 3:
      return { _tag: "cancel" }
    case 4:
      return { _tag: "release" }
    case 5:
      return { _tag: "complete", result: "{" }
    case 6:
      return { _tag: "die", error: { ...error, message: "\u0000" }, reason: "exhausted" }
    default:
      return { _tag: "complete", result: "{\"ü\":[1,null]}" }
  }
}

export const register = (world: World): Call => {
  world.worker = WorkerId.make(randomUUID())
  const { types, worker } = world
  return onWorkers((workers) =>
    workers.register({
      id: worker,
      name: `processor/${worker}`,
      host: "test",
      pid: 1,
      version: "0.0.0",
      slots: 4,
      queues: undefined,
      types: types.map((name) => ({
        name,
        payloadSchema: {},
        maxAttempts: 3,
        backoff: { baseMillis: 1, factor: 2, maxMillis: 3, jitter: "none" },
        timeoutMillis: hour
      }))
    })
  )
}

interface Act {
  /** How often it is done, in proportion to the others. */
  readonly share: number
  readonly call: (world: World, pick: number) => Call
  /** Takes from the answer of the first what later calls are about. */
  readonly learn?: (world: World, answer: unknown) => void
}

const takeAll = (into: Array<Dispatched> | Array<ClaimedJob>, answer: unknown): void => {
  if (Array.isArray(answer)) into.push(...answer)
}

export const acts: Readonly<Record<string, Act>> = {
  accept: {
    share: 5,
    call: (world, pick) => {
      const batch = Array.from({ length: 1 + pick % 4 }, (_, index) => submission(world, pick, index))
      world.batches.push(batch)
      return onJobs((store) => store.accept(batch))
    }
  },
  acceptAgain: {
    share: 1,
    // Which status a job is said to have that was accepted before is left to the store.
    call: (world, pick) =>
      onJobs((store) =>
        Effect.map(
          store.accept(at(world.batches, pick) ?? []),
          (answers) => answers.map((answer) => "status" in answer ? { ...answer, status: "accepted" } : answer)
        )
      )
  },
  promote: { share: 2, call: () => onJobs((store) => Effect.map(store.promote(all), ({ promoted }) => promoted)) },
  dispatch: {
    share: 8,
    call: ({ queue, types }) => onJobs((store) => store.dispatch({ queue, types, window: all, limit: all })),
    learn: (world, answer) => takeAll(world.hints, answer)
  },
  handBack: {
    share: 1,
    call: (world, pick) =>
      onJobs((store) => store.handBack([at(world.hints, pick)].filter((hint) => hint !== undefined)))
  },
  resend: {
    share: 1,
    call: ({ queue, types }, pick) =>
      onJobs((store) =>
        store.resend({ queue, type: types[pick % 2 === 0 ? 0 : 1], lost: true, olderThanMillis: 0, limit: all })
      ),
    learn: (world, answer) => takeAll(world.hints, answer)
  },
  recall: { share: 1, call: (_, pick) => onJobs((store) => store.recall(pick % 2 === 0 ? "all" : "without-worker")) },
  claim: {
    share: 12,
    call: (world, pick) => {
      const ids = new Set([at(world.hints, pick), at(world.hints, pick * 7)].map((hint) => hint?.jobId))
      const claims = [...ids].flatMap((jobId) => jobId === undefined ? [] : [{ jobId, token: randomUUID() }])
      const { worker } = world
      world.claims.push(...claims)
      return onJobs((store) => store.claim(worker, claims))
    },
    learn: (world, answer) => takeAll(world.held, answer)
  },
  claimAgain: {
    share: 1,
    call: (world, pick) => {
      const { worker } = world
      return onJobs((store) => store.claim(worker, [at(world.claims, pick)].filter((claim) => claim !== undefined)))
    }
  },
  progress: {
    share: 2,
    call: (world, pick) =>
      onJobs((store) =>
        store.progress(
          [at(world.held, pick)].flatMap((job) =>
            job === undefined ? [] : [{ ...job, progress: { percent: pick % 100, message: "on" } }]
          )
        )
      )
  },
  settle: {
    share: 10,
    call: (world, pick) => {
      const jobs = new Map([at(world.held, pick), at(world.held, pick * 7)].map((job) => [job?.jobId, job]))
      const settlements = [...jobs.values()].flatMap((job, index): ReadonlyArray<Settlement> =>
        job === undefined ? [] : [{
          jobId: job.jobId,
          token: job.token,
          attempt: job.attempt,
          runMillis: 1.5,
          traceparent: job.traceparent,
          correlationId: job.correlationId,
          next: nextOf(pick + index)
        }]
      )
      world.spent.push(...settlements)
      return onJobs((store) => store.settle(settlements))
    }
  },
  settleAgain: {
    share: 2,
    call: (world, pick) => {
      const settlement = at(world.spent, pick)
      return settlement === undefined ? nothing : onJobs((store) => store.settle([settlement]))
    }
  },
  cancel: {
    share: 2,
    call: (world, pick) => {
      const jobId = jobAt(world, pick)
      return jobId === undefined ? nothing : onJobs((store) => store.cancel(jobId, localActor))
    }
  },
  replay: {
    share: 4,
    call: (world, pick) => {
      const jobId = jobAt(world, pick)
      return jobId === undefined ? nothing : onJobs((store) => store.replay(jobId, localActor))
    }
  },
  pause: { share: 1, call: ({ queue }) => onJobs((store) => store.pause(queue, localActor)) },
  resume: { share: 3, call: ({ queue }) => onJobs((store) => store.resume(queue, localActor)) },
  endDeadlines: { share: 2, call: () => onJobs((store) => store.endDeadlines(all)) },
  loads: {
    share: 1,
    call: ({ queue }) =>
      onJobs((store) => Effect.map(store.loads, (loads) => loads.filter((load) => load.queue === queue)))
  },
  heartbeat: { share: 2, call: ({ worker }) => onWorkers((workers) => workers.heartbeat(worker)) },
  runningOf: { share: 1, call: ({ worker }) => onWorkers((workers) => workers.runningOf(worker)) },
  retire: { share: 1, call: ({ worker }) => onWorkers((workers) => workers.retire(worker)) },
  reap: { share: 2, call: (_, pick) => onWorkers((workers) => workers.reap({ everyone: pick % 2 === 0, limit: all })) },
  register: { share: 2, call: register }
}
