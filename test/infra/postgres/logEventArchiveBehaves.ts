import type { LogEvent } from "#domain/JobEvent.ts"
import { type ArchivedEvent, EventArchive, type EventQuery } from "#services/ports/EventArchive.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { SqlClient } from "effect/sql"
import { freshJobId, logEvent } from "../../support/LogRows.ts"
import { fresh } from "../../support/Seed.ts"
import { until } from "../../support/until.ts"

/** Writes a row as a transaction of its own and waits until it is closed; answers its id. */
const write = Effect.fnUntraced(function*(events: ReadonlyArray<LogEvent>, at?: number) {
  const sql = yield* SqlClient.SqlClient
  const log = yield* EventLog
  const jobs = events.flatMap(({ job }) => job === undefined ? [] : [job])
  const [row] = yield* sql<{ readonly id: string }>`
    INSERT INTO event_log (source, jobs, body, at)
    VALUES ('gateway/test', ${jobs}::uuid[], ${JSON.stringify(events)}::json,
      coalesce(to_timestamp(${at ?? null}::float8 / 1000), clock_timestamp()))
    RETURNING id::text AS id`
  const id = BigInt(row?.id ?? 0)
  yield* until(log.head, ({ closed }) => closed.id >= id)
  return id
})

const everything: EventQuery = {
  jobId: undefined,
  types: undefined,
  queue: undefined,
  after: undefined,
  before: undefined,
  cursor: undefined,
  limit: 100
}

const day = 1_760_000_000_000

/** What the event log must do as the archive, on every database that it is on. */
export const logEventArchiveBehaves = <E>(
  name: string,
  implementation: Layer.Layer<EventArchive | EventLog | SqlClient.SqlClient, E>
) =>
  layer(implementation, { excludeTestServices: true })(`LogEventArchive: ${name}`, (it) => {
    const typesOf = (events: ReadonlyArray<ArchivedEvent>) => events.map(({ event }) => event.type)

    it.effect("tells the history of a job in the order of its events, and of no other job", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const [job, other] = [freshJobId(), freshJobId()]
        const later = yield* write([
          logEvent({ type: "completed", job, seq: 3, at: day }),
          logEvent({ type: "created", job: other, at: day })
        ])
        yield* write([logEvent({ type: "created", job, seq: 1, at: day })])
        yield* write([logEvent({ type: "started", job, seq: 2, at: day })])

        const history = yield* archive.ofJob(job)

        assert.deepStrictEqual(typesOf(history), ["created", "started", "completed"])
        assert.deepStrictEqual(history.at(-1), {
          event: logEvent({ type: "completed", job, seq: 3, at: day }),
          source: "gateway/test",
          archiveId: `1:${later}`
        })
        assert.deepStrictEqual(yield* archive.ofJob(freshJobId()), [])
      }))

    it.effect("finds the rows of a job by the index", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const plan = yield* sql.withTransaction(Effect.andThen(
          sql`SET LOCAL enable_seqscan = off`,
          sql`EXPLAIN SELECT FROM event_log WHERE jobs @> ARRAY[${freshJobId()}::uuid]`
        ))

        assert.include(JSON.stringify(plan), "event_log_jobs")
      }))

    it.effect("searches newest first by queue, type, job and time, page by page", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const queue = fresh("queue")
        const job = freshJobId()
        yield* write([logEvent({ type: "created", job, queue, at: day })], day)
        yield* write(
          [logEvent({ type: "dispatched", queue, at: day }), logEvent({ type: "started", job, queue, at: day })],
          day + 1
        )
        yield* write([logEvent({ type: "completed", queue, at: day })], day + 1)
        yield* write([logEvent({ type: "dead-lettered", queue, at: day })], day + 2)
        const search = (query: Partial<EventQuery>) =>
          Effect.map(archive.search({ ...everything, queue, ...query }), ({ events }) => typesOf(events))

        const pages: Array<string> = []
        let cursor: string | undefined
        do {
          const page = yield* archive.search({ ...everything, queue, cursor, limit: 2 })
          pages.push(...typesOf(page.events))
          cursor = page.next
        } while (cursor !== undefined)

        assert.deepStrictEqual(pages, ["dead-lettered", "completed", "started", "dispatched", "created"])
        assert.deepStrictEqual(yield* search({}), pages)
        assert.deepStrictEqual(yield* search({ types: ["created", "completed"] }), ["completed", "created"])
        assert.deepStrictEqual(yield* search({ jobId: job }), ["started", "created"])
        assert.deepStrictEqual(yield* search({ after: day + 1, before: day + 2 }), pages.slice(1, 4))
        assert.deepStrictEqual(yield* search({ cursor: "nonsense" }), [])
      }))

    it.effect("walks along ids, and tells which are not there", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const first = yield* write([logEvent({ type: "created", at: day })])
        const second = yield* write([logEvent({ type: "created", at: day })], day)
        const third = yield* write([logEvent({ type: "created", at: day })])
        const before = first - 1n

        const scanned = yield* archive.scan(1, before, 2)
        const places = yield* archive.places(1, first, 10)
        const rows = yield* archive.rows(1, [third, 999_999n, first])

        assert.deepStrictEqual(scanned.map(({ position }) => position.id), [first, second])
        assert.deepStrictEqual(places.map(({ id }) => id), [second, third])
        assert.strictEqual(places[0]?.at, day)
        assert.deepStrictEqual(rows.map(({ position }) => position.id), [first, third])
        assert.deepStrictEqual(yield* archive.absent(1, [999_999n, second, 888_888n]), [999_999n, 888_888n])
        assert.deepStrictEqual(yield* archive.scan(2, before, 10), [])
        assert.deepStrictEqual(yield* archive.absent(2, [second]), [second])
      }))

    it.effect("says when its newest row was written: what the log has, it has", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const at = Date.now() + 86_400_000
        yield* write([logEvent({ type: "created", at })], at)
        yield* write([logEvent({ type: "created", at: day })], day)

        assert.strictEqual(yield* archive.newestRowAt, at)
      }))

    it.effect("has stored what it is given already", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const id = yield* write([logEvent({ type: "created", at: day })])

        assert.strictEqual(yield* archive.store(yield* archive.rows(1, [id])), 0)
        assert.strictEqual(archive.name, "event log")
        yield* archive.ping
      }))
  })
