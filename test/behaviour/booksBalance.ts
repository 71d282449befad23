/**
 * Whatever is done to jobs, in whatever order and however often, the books balance: the events of the log, the states
 * of the jobs and the counters tell the same, and no job's history has a gap.
 */
import { localActor } from "#domain/Access.ts"
import type { JobId } from "#domain/Job.ts"
import type { LogEvent } from "#domain/JobEvent.ts"
import { classOf, type JobClass } from "#domain/JobStatus.ts"
import type { JobView } from "#domain/JobView.ts"
import type { Position } from "#domain/Position.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { type ClaimedJob, type Dispatched, JobStore, type NewJob, type Settlement } from "#services/ports/JobStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, layer } from "@effect/vitest"
import { Arbitrary, Effect, type Layer, Option, Schema } from "effect"
import { randomUUID } from "node:crypto"
import { freshQueue, freshType, newJob, startWorker } from "../support/Seed.ts"
import { until } from "../support/until.ts"

type Stores = JobStore | WorkerStore | EventLog | JobQueries

/** Longer than the delays and deadlines of the jobs below. */
const stepMillis = 30

/** How often each act is done, as a share of all. */
const shares = {
  accept: 4,
  "accept again": 1,
  promote: 3,
  dispatch: 8,
  "hand back": 1,
  resend: 1,
  recall: 1,
  claim: 10,
  "claim again": 1,
  progress: 2,
  settle: 8,
  "settle again": 2,
  cancel: 1,
  replay: 3,
  pause: 1,
  resume: 3,
  "end deadlines": 2,
  "lose the worker": 1,
  fold: 1,
  wait: 2
}
type ActName = keyof typeof shares
const isActName = (name: string): name is ActName => name in shares
const drawn = Object.entries(shares).flatMap(([name, share]) =>
  isActName(name) ? Array.from({ length: share }, () => name) : []
)

interface Act {
  readonly name: ActName
  /** Chooses what it is done to. */
  readonly pick: number
}
const act = Arbitrary.map(
  Arbitrary.schema(Schema.Tuple([
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: drawn.length - 1 })),
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000 }))
  ])),
  ([index, pick]): Act => ({ name: drawn[index] ?? "wait", pick })
)

const at = <A>(list: ReadonlyArray<A>, pick: number): A | undefined => list[pick % Math.max(1, list.length)]

const makeWorld = Effect.fnUntraced(function*(elapse: (millis: number) => Effect.Effect<void>, now: () => number) {
  const store = yield* JobStore
  const workers = yield* WorkerStore
  const queue = freshQueue()
  const types = [freshType(), freshType()]
  let worker = yield* startWorker({ types })
  const jobs: Array<JobId> = []
  const batches: Array<ReadonlyArray<NewJob>> = []
  const hints: Array<Dispatched> = []
  const held: Array<ClaimedJob> = []
  const spent: Array<Settlement> = []

  const nextOf = (pick: number): Settlement["next"] => {
    const error = { name: "Error", message: "no", retryable: true }
    switch (pick % 5) {
      case 0:
        return { _tag: "retry", error, delayMillis: pick % 20 }
      case 1:
        return { _tag: "die", error, reason: "exhausted" }
      case 2:
        return { _tag: "cancel" }
      case 3:
        return { _tag: "release" }
      default:
        return { _tag: "complete", result: "{}" }
    }
  }

  const acts: Record<ActName, (pick: number) => Effect.Effect<unknown, unknown, WorkerStore>> = {
    accept: (pick) => {
      const batch = Array.from({ length: 1 + pick % 3 }, (_, index) =>
        newJob({
          queue,
          type: types[(pick + index) % 2] ?? freshType(),
          priority: pick % 10,
          maxAttempts: 1 + pick % 3,
          runAt: pick % 4 === 0 ? now() + 20 : undefined,
          deadline: pick % 5 === 0 ? now() + 25 : undefined,
          idempotency: pick % 6 === 0
            ? { scope: `me/${queue}`, key: `key ${pick % 12}`, bodyHash: "h", ttlMillis: 100 }
            : undefined
        }))
      batches.push(batch)
      jobs.push(...batch.map(({ id }) => id))
      return store.accept(batch)
    },
    "accept again": (pick) => store.accept(at(batches, pick) ?? []),
    promote: (pick) => store.promote(1 + pick % 5),
    dispatch: (pick) =>
      Effect.map(
        store.dispatch({ queue, types, window: 1 + pick % 6, limit: 5 }),
        (taken) => hints.push(...taken)
      ),
    "hand back": (pick) => store.handBack([at(hints, pick)].filter((hint) => hint !== undefined)),
    resend: (pick) =>
      Effect.map(
        store.resend({
          queue,
          type: types[pick % 2] ?? freshType(),
          lost: true,
          olderThanMillis: 0,
          limit: 3
        }),
        (taken) => hints.push(...taken)
      ),
    recall: () => store.recall("all"),
    claim: (pick) =>
      Effect.map(
        store.claim(
          worker,
          [...new Set([at(hints, pick), at(hints, pick + 1)].map((hint) => hint?.jobId))]
            .filter((jobId) => jobId !== undefined)
            .map((jobId) => ({ jobId, token: randomUUID() }))
        ),
        (claimed) => held.push(...claimed)
      ),
    "claim again": (pick) => {
      const job = at(held, pick)
      return job === undefined ? Effect.void : store.claim(worker, [{ jobId: job.jobId, token: job.token }])
    },
    progress: (pick) => {
      const job = at(held, pick)
      return job === undefined
        ? Effect.void
        : store.progress([{ jobId: job.jobId, token: job.token, progress: { percent: pick % 100 } }])
    },
    settle: (pick) => {
      const job = at(held, pick)
      if (job === undefined) return Effect.void
      const settlement: Settlement = { ...job, runMillis: 1, next: nextOf(pick) }
      spent.push(settlement)
      return store.settle([settlement])
    },
    "settle again": (pick) => {
      const settlement = at(spent, pick)
      return settlement === undefined ? Effect.void : store.settle([settlement])
    },
    cancel: (pick) => {
      const job = at(jobs, pick)
      return job === undefined ? Effect.void : store.cancel(job, localActor)
    },
    replay: (pick) => {
      const job = at(jobs, pick)
      return job === undefined ? Effect.void : store.replay(job, localActor)
    },
    pause: () => store.pause(queue, localActor),
    resume: () => store.resume(queue, localActor),
    "end deadlines": (pick) => store.endDeadlines(1 + pick % 3),
    "lose the worker": () =>
      Effect.gen(function*() {
        yield* workers.retire(worker)
        yield* workers.reap({ everyone: false, limit: 100 })
        worker = yield* startWorker({ types })
      }),
    fold: () => store.foldCounters,
    wait: () => elapse(stepMillis)
  }
  return { queue, jobs, apply: ({ name, pick }: Act) => acts[name](pick) }
})

type World = Effect.Success<ReturnType<typeof makeWorld>>

/** A history has up to 200 acts, each a transaction. */
const timeoutMillis = 60_000

/** What may be answered instead of being done. Trouble with the store is none of it. */
const refusals = new Set(["JobNotFound", "WrongState", "QueueNotFound", "QueueInState"])
const isRefusal = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && refusals.has(String(error._tag))

const eventsAfter = Effect.fnUntraced(function*(position: Position, queue: string) {
  const log = yield* EventLog
  const events: Array<LogEvent> = []
  let last = position
  for (let rows = yield* log.after(last, 100); rows.length > 0; rows = yield* log.after(last, 100)) {
    for (const row of rows) {
      events.push(...row.events.filter((event) => event.queue === queue && event.job !== undefined))
      last = row.position
    }
  }
  return events
})

const checkHistory = (job: JobView, events: ReadonlyArray<LogEvent>): void => {
  assert.deepStrictEqual(events.map(({ seq }) => seq), Array.from({ length: job.sequence }, (_, index) => index + 1))
  events.forEach((event, index) => assert.strictEqual(event.from, events[index - 1]?.to ?? "none"))
  assert.strictEqual(events.at(-1)?.to, classOf(job.status))
  assert.deepStrictEqual(job.attempts.map(({ attempt }) => attempt), job.attempts.map((_, index) => index + 1))
  assert.strictEqual(job.attempts.length, job.attempt)
  assert.isAtMost(job.failures, job.attempt)
  assert.deepStrictEqual(
    job.attempts.map(({ state }, index) => state === "running" ? index + 1 : 0).filter((attempt) => attempt > 0),
    job.status === "running" ? [job.attempt] : []
  )
  assert.strictEqual(job.finishedAt === null, !["completed", "dead", "cancelled"].includes(job.status))
}

const checkBooks = Effect.fnUntraced(function*(world: World, before: Position) {
  const queries = yield* JobQueries
  const { jobs: [...found] } = (yield* queries.find({
    filter: { queues: [world.queue] },
    sort: "oldest",
    after: undefined,
    limit: 1_000
  })).value
  const jobs = yield* Effect.forEach(found, ({ id }) => Effect.map(queries.get(id), Option.getOrThrow))
  const total = jobs.reduce((sum, { sequence }) => sum + sequence, 0)
  const events = yield* until(eventsAfter(before, world.queue), (all) => all.length >= total)
  const byJob = Map.groupBy(events, ({ job }) => job)

  assert.deepStrictEqual(new Set(byJob.keys()), new Set(jobs.map(({ id }) => id)))
  for (const job of jobs) checkHistory(job, byJob.get(job.id) ?? [])

  const books = new Map<JobClass, number>()
  for (const { from, to } of events) {
    books.set(from, (books.get(from) ?? 0) - 1)
    books.set(to, (books.get(to) ?? 0) + 1)
  }
  const view = (yield* queries.queues).value.find(({ name }) => name === world.queue)
  const counts = view?.counts
  if (counts === undefined) return assert.deepStrictEqual(jobs, [])
  for (const status of Object.keys(counts)) {
    const own = jobs.filter((job) => job.status === status).length
    assert.deepInclude(counts, { [status]: own })
  }
  const waiting = counts.scheduled + counts.queued + counts.retrying
  for (const [name, n] of Object.entries({ ...counts, waiting, none: -jobs.length })) {
    if (name === "scheduled" || name === "queued" || name === "retrying") continue
    assert.strictEqual([...books].find(([one]) => one === name)?.[1] ?? 0, n, name)
  }
})

/** `now` is the clock of the store, `elapse` lets it move on. `runs`: histories that are tried. Default: 50. */
export const booksBalance = <E>(
  name: string,
  implementation: Layer.Layer<Stores, E>,
  options: {
    readonly elapse: (millis: number) => Effect.Effect<void>
    readonly now: Effect.Effect<number>
    readonly runs?: number
    readonly excludeTestServices?: boolean
  }
) =>
  layer(implementation, { excludeTestServices: options.excludeTestServices ?? false })(`The books: ${name}`, (it) => {
    it.effect.prop(
      "events, states and counters tell the same whatever was done",
      { acts: Arbitrary.array(act, { minLength: 60, maxLength: 200 }) },
      ({ acts }) =>
        Effect.gen(function*() {
          const log = yield* EventLog
          const { closed } = yield* log.head
          let now = yield* options.now
          const world = yield* makeWorld(options.elapse, () => now)

          for (const act of acts) {
            now = yield* options.now
            yield* world.apply(act).pipe(
              Effect.catchIf(isRefusal, () => Effect.void)
            )
          }

          yield* checkBooks(world, closed)
        }),
      { arbitrary: { runs: options.runs ?? 50 }, timeout: timeoutMillis }
    )
  })
