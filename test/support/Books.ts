/**
 * The whole history of the whole system, read from the stores themselves and not through the programs: what the event
 * log holds the archive holds, and every job's events tell its one life without a gap.
 */
import { classOf, isFinal, type JobState } from "#domain/JobStatus.ts"
import { canonicalJson } from "#domain/Json.ts"
import { databaseOf } from "#infra/mongo/Mongo.ts"
import { collectionName } from "#infra/mongo/MongoEventArchive.ts"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { MongoClient } from "mongodb"
import { eventually, getJson } from "./Programs.ts"
import { rowsOf } from "./servers/postgres.ts"
import type { ServerUrls } from "./System.ts"

export interface BookedEvent {
  readonly type: string
  readonly job?: string
  readonly seq?: number
  /** PostgreSQL's clock, milliseconds since 1970. */
  readonly at: number
  readonly from: string
  readonly to: string
  readonly attempt?: number
  readonly jobType?: string
  readonly traceparent?: string
  readonly data?: Readonly<Record<string, unknown>>
}

interface BookedJob {
  readonly id: string
  readonly state: JobState
  readonly seq: number
}

export interface Books {
  readonly jobs: ReadonlyArray<BookedJob>
  /** By job, in the order of the sequence. */
  readonly histories: ReadonlyMap<string, ReadonlyArray<BookedEvent>>
  readonly rows: number
}

export const query = <Row extends object>(databaseUrl: string, text: string, values: ReadonlyArray<unknown> = []) =>
  Effect.promise(() => rowsOf<Row>(databaseUrl, text, values))

const logOf = (databaseUrl: string) =>
  query<{ id: string; body: ReadonlyArray<BookedEvent> }>(
    databaseUrl,
    "SELECT id::text, body FROM event_log ORDER BY id"
  )

export const archiveOf = async (mongodbUrl: string): Promise<ReadonlyMap<string, ReadonlyArray<BookedEvent>>> => {
  const client = new MongoClient(mongodbUrl)
  try {
    const found = client.db(databaseOf(mongodbUrl)).collection<{ _id: string; events: string }>(collectionName).find()
    const rows = new Map<string, ReadonlyArray<BookedEvent>>()
    for await (const { _id, events } of found) rows.set(_id, JSON.parse(events))
    return rows
  } finally {
    await client.close()
  }
}

const finalEvents: ReadonlySet<string> = new Set(["completed", "dead-lettered", "cancelled"])

const assertWhole = ({ id, seq, state }: BookedJob, events: ReadonlyArray<BookedEvent>) => {
  const story = events.map(({ type }) => type).join(", ")
  assert.deepStrictEqual(events.map((event) => event.seq), events.map((_, index) => index + 1), `${id}: ${story}`)
  assert.lengthOf(events, seq, `${id} is ${state}: ${story}`)
  let now = "none"
  for (const { from, to } of events) {
    assert.strictEqual(from, now, `${id}: ${story}`)
    now = to
  }
  const ends = events.filter(({ type }) => finalEvents.has(type)).length
  const replays = events.filter(({ type }) => type === "replayed").length
  assert.strictEqual(ends, (isFinal(state) ? 1 : 0) + replays, `${id} is ${state}: ${story}`)
}

/**
 * Reads everything and checks it: the archive has each row of the log once and nothing else, every job's history is
 * whole, the counters are the states. To be asked while nothing happens; waits until the archive has caught up.
 */
export const assertBooksBalance = (urls: ServerUrls) =>
  Effect.gen(function*() {
    const log = yield* logOf(urls.database)
    const archive = yield* eventually(
      "the archive has every row of the log",
      () => archiveOf(urls.mongodb),
      (rows) => log.every(({ id }) => rows.has(`1:${id}`))
    )
    assert.strictEqual(archive.size, log.length, "rows of the archive that the log does not have")
    const histories = new Map<string, Array<BookedEvent>>()
    for (const { body, id } of log) {
      assert.strictEqual(canonicalJson(archive.get(`1:${id}`)), canonicalJson(body), `row ${id} in archive and log`)
      for (const event of body) {
        if (event.job === undefined) continue
        const events = histories.get(event.job)
        if (events === undefined) histories.set(event.job, [event])
        else events.push(event)
      }
    }
    for (const events of histories.values()) events.sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0))

    const jobs = yield* query<BookedJob>(urls.database, "SELECT job_id::text AS id, state, seq FROM job_state")
    for (const job of jobs) {
      const events = histories.get(job.id) ?? []
      assertWhole(job, events)
      assert.strictEqual(events.at(-1)?.to, classOf(job.state), `${job.id} is ${job.state}`)
    }
    assert.strictEqual(histories.size, jobs.length, "histories without a job")

    const counters = yield* query<{ key: string; n: number }>(
      urls.database,
      `SELECT key, sum(n)::int AS n FROM (SELECT key, n FROM counter UNION ALL SELECT key, n FROM counter_delta) AS all_of_them
       WHERE key NOT IN ('claims', 'pruned') GROUP BY key HAVING sum(n) <> 0 ORDER BY key`
    )
    const states = yield* query<{ key: string; n: number }>(
      urls.database,
      `SELECT state AS key, count(*)::int AS n FROM job_state GROUP BY state
       UNION ALL SELECT 'accepted', count(*)::int FROM job_state HAVING count(*) > 0 ORDER BY key`
    )
    assert.deepStrictEqual(counters, states, "counters are states")
    const books: Books = { jobs, histories, rows: log.length }
    return books
  })

interface Throughput {
  readonly rebuilding: boolean
  readonly points: ReadonlyArray<Readonly<Record<Rate, number>>>
}
const rates = {
  created: "created",
  started: "started",
  completed: "completed",
  failed: "attempt-failed",
  dead: "dead-lettered",
  cancelled: "cancelled"
} as const
type Rate = keyof typeof rates
const rateNames = ["created", "started", "completed", "failed", "dead", "cancelled"] as const

interface Latencies {
  readonly latencies: {
    readonly types: ReadonlyArray<{
      readonly type: string
      readonly wait: { readonly count: number }
      readonly run: { readonly count: number }
    }>
  }
}

/** The live numbers are those of the history, not one more and not one less. Waits until they are not less. */
export const assertLiveNumbers = (readModelUrl: string, { histories }: Books) =>
  Effect.gen(function*() {
    const events = [...histories.values()].flat()
    const expected = Object.fromEntries(
      rateNames.map((rate) => [rate, events.filter(({ type }) => type === rates[rate]).length])
    )
    const sums = ({ points }: Throughput) =>
      Object.fromEntries(rateNames.map((rate) => [rate, points.reduce((sum, point) => sum + point[rate], 0)]))
    const throughput = yield* eventually(
      "the live numbers have caught up",
      () => getJson<Throughput>(`${readModelUrl}/throughput?seconds=3600&bucketSeconds=60`),
      (answer) => !answer.rebuilding && rateNames.every((rate) => (sums(answer)[rate] ?? 0) >= (expected[rate] ?? 0))
    )
    assert.deepStrictEqual(sums(throughput), expected, "events counted in Redis")

    const { latencies } = yield* Effect.promise(() => getJson<Latencies>(`${readModelUrl}/stats`))
    for (const { run, type, wait } of latencies.types) {
      const ofType = events.filter(({ jobType }) => jobType === type)
      const has = (name: string, types: ReadonlyArray<string>) =>
        ofType.filter((event) => types.includes(event.type) && typeof event.data?.[name] === "number").length
      assert.strictEqual(wait.count, has("waitMillis", ["started"]), `waits of ${type}`)
      assert.strictEqual(run.count, has("runMillis", ["completed", "attempt-failed"]), `runs of ${type}`)
    }
  })
