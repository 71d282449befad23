/**
 * The event log as its own archive: in the embedded system, and where the archive is away.
 *
 * It knows one epoch, the present one, and what has not been pruned. Rows are shown when they are closed, as an archive
 * behind the relay would have them; only the history of one job, which is always whole, is shown at once.
 */
import type { LogEvent } from "#domain/JobEvent.ts"
import { type EventPlace, searchRows } from "#services/ports/ArchivedEvents.ts"
import { ArchiveError, EventArchive, type EventQuery, historyLimit } from "#services/ports/EventArchive.ts"
import type { StoreError } from "#services/ports/StoreError.ts"
import { Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { closed, columns, type LogRecord, toLogRow } from "./eventLog/LogRows.ts"
import { readOnly } from "./readOnly.ts"
import { storeError } from "./storeError.ts"

interface EventRecord {
  readonly event: LogEvent
  readonly source: string
  readonly archiveId: string
}

interface PlaceRecord {
  readonly id: string
  readonly at: number
}

/** A job and its first log row are written by one statement, which may have waited for a lock in between. */
const beforeCreation = "interval '1 minute'"

const toArchiveError = ({ cause, operation, reason }: StoreError) =>
  new ArchiveError({ operation, reason: reason === "data" ? "refused" : "unavailable", cause })

/**
 * Wants the index that `PgEventLog.layer({ archive: true })` makes; without it the history of a job is searched for from
 * the job's beginning on.
 */
export const layer = Layer.effect(
  EventArchive,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const inTime = readOnly(sql)
    const reading = (operation: string) => <A, R>(read: Effect.Effect<A, SqlError.SqlError, R>) =>
      inTime(read).pipe(storeError(operation, "read"), Effect.mapError(toArchiveError))
    const presentEpoch = sql.literal("(SELECT value::int4 FROM meta WHERE key = 'epoch')")
    const rows = Effect.map((records: ReadonlyArray<LogRecord>) => records.map(toLogRow))
    const instant = (millis: number) => sql`to_timestamp(${millis}::float8 / 1000)`

    const newestFrom = (query: EventQuery) => (from: EventPlace | undefined, limit: number) =>
      sql<LogRecord>`SELECT ${columns(sql)} FROM event_log
        WHERE ${
        sql.and([
          closed(sql),
          ...(query.after === undefined ? [] : [sql`event_log.at >= ${instant(query.after)}`]),
          ...(query.before === undefined ? [] : [sql`event_log.at < ${instant(query.before)}`]),
          ...(query.jobId === undefined ? [] : [sql`event_log.jobs @> ARRAY[${query.jobId}::uuid]`]),
          ...(from === undefined ? [] : [
            sql`event_log.at <= ${instant(from.at)}`,
            sql`(event_log.at, ${presentEpoch}, event_log.id)
              <= (${instant(from.at)}, ${from.epoch}::int4, ${String(from.id)}::int8)`
          ])
        ])
      }
        ORDER BY event_log.at DESC, event_log.id DESC LIMIT ${limit}`.pipe(rows)

    const ofEpoch = (epoch: number) => sql`${presentEpoch} = ${epoch}::int4 AND ${closed(sql)}`

    return EventArchive.of({
      name: "event log",
      store: () => Effect.succeed(0),
      ofJob: (jobId) =>
        sql<EventRecord>`
          SELECT told.event, event_log.source, concat(${presentEpoch}, ':', event_log.id) AS "archiveId"
          FROM event_log CROSS JOIN LATERAL json_array_elements(event_log.body) AS told (event)
          WHERE event_log.jobs @> ARRAY[${jobId}::uuid] AND told.event->>'job' = ${jobId}
            AND event_log.at >= coalesce((SELECT created_at - ${
          sql.literal(beforeCreation)
        } FROM job WHERE id = ${jobId}::uuid), '-infinity')
          ORDER BY (told.event->>'seq')::int4 LIMIT ${historyLimit}`.pipe(reading("read the history of a job")),
      search: (query) => searchRows(query, newestFrom(query)).pipe(reading("search the events")),
      scan: (epoch, afterId, limit) =>
        sql<LogRecord>`SELECT ${columns(sql)} FROM event_log
          WHERE event_log.id > ${String(afterId)}::int8 AND ${ofEpoch(epoch)}
          ORDER BY event_log.id LIMIT ${limit}`.pipe(rows, reading("read the event log")),
      places: (epoch, afterId, limit) =>
        sql<PlaceRecord>`
          SELECT id::text AS id, floor(extract(epoch FROM at) * 1000)::float8 AS at FROM event_log
          WHERE event_log.id > ${String(afterId)}::int8 AND ${ofEpoch(epoch)}
          ORDER BY event_log.id LIMIT ${limit}`.pipe(
          Effect.map((records) => records.map(({ at, id }) => ({ id: BigInt(id), at }))),
          reading("list the rows of the event log")
        ),
      rows: (epoch, ids) =>
        sql<LogRecord>`SELECT ${columns(sql)} FROM event_log
          WHERE event_log.id = ANY (${ids.map(String)}::int8[]) AND ${ofEpoch(epoch)}
          ORDER BY event_log.id`.pipe(rows, reading("read the event log")),
      absent: (epoch, ids) =>
        sql<{ readonly id: string }>`
          SELECT given.id::text AS id FROM unnest(${ids.map(String)}::int8[]) WITH ORDINALITY AS given (id, n)
          WHERE NOT EXISTS (SELECT FROM event_log WHERE event_log.id = given.id AND ${ofEpoch(epoch)})
          ORDER BY given.n`.pipe(
          Effect.map((records) => records.map(({ id }) => BigInt(id))),
          reading("look for rows of the event log")
        ),
      newestRowAt: sql<PlaceRecord>`
        SELECT id::text AS id, floor(extract(epoch FROM at) * 1000)::float8 AS at FROM event_log WHERE ${closed(sql)}
        ORDER BY event_log.at DESC, event_log.id DESC LIMIT 1`.pipe(
        Effect.map(([newest]) => newest?.at),
        reading("say how new it is")
      ),
      ping: Effect.asVoid(sql`SELECT 1`).pipe(storeError("answer", "read"), Effect.mapError(toArchiveError))
    })
  })
)
