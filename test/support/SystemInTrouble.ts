/** A system on servers of its own, to be broken: two dispatchers and two processors among its programs, and load on it. */
import type { ProgramName } from "#cli/programs/identity.ts"
import { assert } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Scope } from "effect"
import { assertBooksBalance, assertLiveNumbers, type BookedEvent, type Books, query } from "./Books.ts"
import { eventually, postJson } from "./Programs.ts"
import { ownServer } from "./Servers.ts"
import { countsOf, serve, type ServerProgram, settingsOf, submit, times, untilAllEnded, untilReady } from "./System.ts"

const makeSystem = Effect.gen(function*() {
  const [postgres, rabbitmq, redis, mongodb] = yield* Effect.all(
    [ownServer("postgres"), ownServer("rabbitmq"), ownServer("redis"), ownServer("mongodb")],
    { concurrency: "unbounded" }
  )
  const urls = { database: postgres.url, amqp: rabbitmq.url, redis: redis.url, mongodb: mongodb.url }
  const scope = yield* Effect.scope
  /** A program that lives as long as the system. */
  const begin = (name: ProgramName, port?: number) =>
    serve(name, { ...settingsOf(urls), ODTO_CONCURRENCY: "40" }, port).pipe(
      Scope.provide(scope),
      Effect.tap((program) => Effect.sync(() => begun.push(program)))
    )
  const begun: Array<ServerProgram> = []
  const programs = yield* Effect.all({
    gateway: begin("gateway"),
    dispatchers: Effect.all([begin("dispatcher"), begin("dispatcher")]),
    processors: Effect.all([begin("processor"), begin("processor")]),
    metricsEngine: begin("metrics-engine"),
    readModel: begin("read-model")
  })
  const { dispatchers, gateway, metricsEngine, processors, readModel } = programs
  yield* Effect.forEach([gateway, ...dispatchers, ...processors, metricsEngine, readModel], untilReady, {
    concurrency: "unbounded"
  })
  return { postgres, rabbitmq, redis, mongodb, urls, begin, begun, ...programs, processors: [...processors] }
})

export class System extends Context.Service<System, Effect.Success<typeof makeSystem>>()("test/System") {
  static readonly layer = Layer.effect(System, makeSystem)
}

export const mixedLoad = (count: number) => [
  ...times(Math.ceil(count * 0.7), { type: "demo.noop" }),
  ...times(Math.ceil(count * 0.2), { type: "demo.sleep", payload: { ms: 100 } }),
  ...times(Math.ceil(count * 0.1), {
    type: "demo.flaky",
    payload: { failures: 1 },
    backoff: { baseMillis: 100, factor: 1, maxMillis: 100, jitter: "none" }
  })
]
/** Jobs of one request while load is on. */
const requestJobs = 50

export interface BatchAnswer {
  readonly results: ReadonlyArray<{ readonly outcome: string; readonly jobId: string; readonly replayed: boolean }>
}

/** Submits until it is interrupted, batch after batch; answers that are no 202 are counted and forgotten. */
export const load = Effect.gen(function*() {
  const { gateway } = yield* System
  const accepted: Array<string> = []
  let refused = 0
  const jobs = mixedLoad(requestJobs)
  const one = Effect.tryPromise(() => postJson<BatchAnswer>(`${gateway.url}/jobs/batch`, { jobs })).pipe(
    Effect.match({
      onFailure: () => {
        refused++
      },
      onSuccess: ({ body, status }) => {
        if (status === 202) accepted.push(...body.results.map(({ jobId }) => jobId))
        else refused++
      }
    }),
    // The load is bounded by time: ten requests a second are 500 jobs a second.
    Effect.andThen(Effect.sleep("100 millis"))
  )
  const fiber = yield* Effect.forkScoped(Effect.forever(one))
  return { accepted, refused: () => refused, stop: Fiber.interrupt(fiber) }
})

/** The end of every story: all jobs have ended, the books balance, live numbers and read model say the same. */
export const settled = (accepted: ReadonlyArray<string>, millis?: number) =>
  Effect.gen(function*() {
    const { readModel, urls } = yield* System
    yield* untilAllEnded(urls.database, millis)
    const books = yield* assertBooksBalance(urls)
    const states = new Map(books.jobs.map(({ id, state }) => [id, state]))
    for (const id of accepted) assert.strictEqual(states.get(id), "completed", `${id} was answered with 202`)
    yield* assertLiveNumbers(readModel.url, books)
    yield* eventually(
      "the read model counts every job",
      () => countsOf(readModel.url),
      (counts) => counts.accepted === books.jobs.length && counts.completed === books.jobs.length
    )
    return books
  })

export const historiesOf = (books: Books, jobIds: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<BookedEvent>> =>
  jobIds.map((id) => books.histories.get(id) ?? [])
export const typesOf = (events: ReadonlyArray<BookedEvent>) => events.map(({ type }) => type)

export const runningOn = (database: string, program: ServerProgram, jobIds: ReadonlyArray<string>) =>
  eventually(
    "jobs run on this program",
    () =>
      Effect.runPromise(query<{ id: string }>(
        database,
        `SELECT job_id::text AS id FROM job_state JOIN worker ON worker.id = owner
         WHERE job_state.state = 'running' AND pid = $1 AND job_id = ANY ($2)`,
        [program.pid, jobIds]
      )),
    (rows) => rows.length > 0
  ).pipe(Effect.map((rows) => rows.map(({ id }) => id)))

export const liveWorkers = (database: string, program: ServerProgram) =>
  query<{ id: string }>(database, "SELECT id::text FROM worker WHERE state = 'live' AND pid = $1", [program.pid])

export const expiredLeases = (database: string) =>
  Effect.map(
    query<{ n: number }>(database, "SELECT count(*)::int AS n FROM worker WHERE state = 'expired'"),
    ([row]) => row?.n
  )

export const refusedCompletions = (database: string) =>
  Effect.map(
    query<{ n: number }>(
      database,
      `SELECT count(*)::int AS n FROM event_log, json_array_elements(body) AS event
       WHERE event ->> 'type' = 'completion-refused'`
    ),
    ([row]) => row?.n ?? 0
  )

export const eventsOf = (database: string, type: string, jobIds: ReadonlyArray<string>) =>
  query<{ job: string; at: number; attempt: number }>(
    database,
    `SELECT event ->> 'job' AS job, (event ->> 'at')::float8 AS at, (event ->> 'attempt')::int AS attempt
     FROM event_log, json_array_elements(body) AS event WHERE jobs && $2::uuid[] AND event ->> 'type' = $1
       AND event ->> 'job' = ANY ($3::text[])`,
    [type, jobIds, jobIds]
  )

export const untilEvents = (database: string, type: string, jobIds: ReadonlyArray<string>, atLeast: number) =>
  eventually(
    `${type} of ${atLeast} jobs`,
    () => Effect.runPromise(eventsOf(database, type, jobIds)),
    (events) => events.length >= atLeast
  )

/** Stops the processor until its lease has ended; answers the jobs that it ran then, when it is a new incarnation. */
export const sleepThroughLease = Effect.fnUntraced(function*(victim: ServerProgram) {
  const { gateway, urls } = yield* System
  const long = yield* submit(gateway.url, times(60, { type: "demo.sleep", payload: { ms: 2_000 }, priority: 9 }))
  const held = yield* runningOn(urls.database, victim, long)
  victim.kill("SIGSTOP")
  yield* untilEvents(urls.database, "lease-expired", held, held.length)
  victim.kill("SIGCONT")
  yield* eventually(
    "a new incarnation",
    () => Effect.runPromise(liveWorkers(urls.database, victim)),
    (workers) => workers.length === 1
  )
  return held
})
