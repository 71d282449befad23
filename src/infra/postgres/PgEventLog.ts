/**
 * The event log in PostgreSQL.
 *
 * A row is read when every transaction that is older than its own has ended. The statement that looks for such rows
 * takes the snapshot that decides it, so nothing can become visible behind the reader's back. Any open writing
 * transaction of the cluster, of another database too, holds the end of the log back.
 */
import { EventLog, type LogHead } from "#services/ports/EventLog.ts"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as Epoch from "./eventLog/Epoch.ts"
import {
  closed,
  columns,
  type LogRecord,
  place,
  placeColumns,
  type PlaceRecord,
  toLogPlace,
  toLogRow,
  toPosition
} from "./eventLog/LogRows.ts"
import { oneRow } from "./oneRow.ts"
import { storeError } from "./storeError.ts"

export interface Options {
  /** Whether the log is the archive as well (embedded): the rows of a job are then found by an index. Default: false. */
  readonly archive?: boolean
}

interface PositionRecord {
  readonly xidText: string
  readonly idText: string
}

interface HeadRecord {
  readonly epoch: number
  readonly closedXid: string
  readonly closedId: string
  readonly oldestXid: string | null
  readonly oldestId: string | null
  readonly relayedXid: string
  readonly relayedId: string
  readonly lagMillis: number
}

/** Fails where PostgreSQL is away: the epoch must be known before the first row is read. */
export const layer = ({ archive = false }: Options = {}) =>
  Layer.effect(
    EventLog,
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { cluster, renew } = yield* Epoch.open
      if (archive) yield* sql`CREATE INDEX IF NOT EXISTS event_log_jobs ON event_log USING gin (jobs)`

      /** Rows for the archive are withheld on another cluster until the leader has begun its epoch. */
      const sameCluster = sql`(SELECT value FROM meta WHERE key = 'cluster') = (${cluster})`
      const rows = Effect.map((records: ReadonlyArray<LogRecord>) => records.map(toLogRow))

      const lead = Effect.fnUntraced(function*(holder: string, leaseMillis: number) {
        yield* renew
        const [lease] = yield* sql<PositionRecord & { readonly epoch: number }>`
          UPDATE relay SET holder = ${holder}, lease_until = clock_timestamp() + ${leaseMillis} * interval '1 millisecond'
          WHERE holder = ${holder} OR lease_until < clock_timestamp()
          RETURNING cursor_xid::text AS "xidText", cursor_id::text AS "idText",
            (SELECT value::int4 FROM meta WHERE key = 'epoch') AS epoch`
        return Option.map(Option.fromUndefinedOr(lease), (held) => ({ epoch: held.epoch, cursor: toPosition(held) }))
      }, storeError("lead the relay", "write"))

      return EventLog.of({
        lead,
        advance: (holder, from, to) =>
          // A cursor that is there already was moved by an earlier call whose answer was lost.
          sql`UPDATE relay SET (cursor_xid, cursor_id) = ${place(sql, to)}
            WHERE holder = ${holder} AND (cursor_xid, cursor_id) IN (${place(sql, from)}, ${place(sql, to)})
            RETURNING true`.pipe(
            Effect.map((moved) => moved.length > 0),
            storeError("move the cursor of the relay", "write")
          ),
        after: (position, limit) =>
          sql<LogRecord>`SELECT ${columns(sql)} FROM event_log
            WHERE (event_log.xid, event_log.id) > ${place(sql, position)} AND ${closed(sql)} AND ${sameCluster}
            ORDER BY event_log.xid, event_log.id LIMIT ${limit}`.pipe(rows, storeError("read the event log", "read")),
        placesAfter: (position, limit) =>
          sql<PlaceRecord>`SELECT ${placeColumns(sql)} FROM event_log
            WHERE (event_log.xid, event_log.id) > ${place(sql, position)} AND ${closed(sql)} AND ${sameCluster}
            ORDER BY event_log.xid, event_log.id LIMIT ${limit}`.pipe(
            Effect.map((records) => records.map(toLogPlace)),
            storeError("list the event log", "read")
          ),
        byIds: (ids) =>
          sql<LogRecord>`SELECT ${columns(sql)} FROM event_log
            WHERE event_log.id = ANY (${ids.map(String)}::int8[]) AND ${sameCluster}
            ORDER BY event_log.xid, event_log.id`.pipe(rows, storeError("read the event log", "read")),
        before: (position, limit) =>
          sql<LogRecord>`SELECT ${columns(sql)} FROM event_log
            WHERE ${
            position === undefined
              ? sql.literal("true")
              : sql`(event_log.xid, event_log.id) < ${place(sql, position)}`
          } AND ${closed(sql)}
            ORDER BY event_log.xid DESC, event_log.id DESC LIMIT ${limit}`.pipe(
            rows,
            storeError("read the event log", "read")
          ),
        oldestSince: (atMillis) =>
          sql<PlaceRecord>`SELECT ${placeColumns(sql)} FROM event_log
            WHERE event_log.at > to_timestamp(${atMillis}::float8 / 1000) AND ${closed(sql)}
            ORDER BY event_log.at, event_log.id LIMIT 1`.pipe(
            Effect.map(([oldest]) => oldest?.atMillis),
            storeError("look for what followed", "read")
          ),
        ofJob: (jobId) =>
          sql<LogRecord>`SELECT ${columns(sql)} FROM event_log WHERE event_log.jobs @> ARRAY[${jobId}::uuid]
            ORDER BY event_log.xid, event_log.id`.pipe(rows, storeError("read the events of a job", "read")),
        head: head(sql),
        prune: (verified, horizonMillis, limit) =>
          sql<{ readonly deleted: number }>`
            WITH oldest AS MATERIALIZED (
              SELECT event_log.id, event_log.xid, event_log.at FROM event_log, relay
              WHERE (event_log.xid, event_log.id) <= ${place(sql, verified)}
                AND (event_log.xid, event_log.id) <= (relay.cursor_xid, relay.cursor_id)
              ORDER BY event_log.xid, event_log.id LIMIT ${limit}
            ), young AS (
              SELECT xid, id FROM oldest WHERE at > clock_timestamp() - ${horizonMillis} * interval '1 millisecond'
              ORDER BY xid, id LIMIT 1
            ), gone AS (
              DELETE FROM event_log USING oldest LEFT JOIN young ON true
              WHERE event_log.id = oldest.id AND (young.id IS NULL OR (oldest.xid, oldest.id) < (young.xid, young.id))
              RETURNING true
            )
            SELECT count(*)::float8 AS deleted FROM gone`.pipe(
            oneRow,
            Effect.map(({ deleted }) => deleted),
            storeError("prune the event log", "write")
          )
      })
    }).pipe(storeError("open the event log", "read"))
  )

/** An empty log ends where the relay stands: everything before that was relayed, or never was. */
const head = (sql: SqlClient.SqlClient) =>
  sql<HeadRecord>`
    SELECT (SELECT value::int4 FROM meta WHERE key = 'epoch') AS epoch,
      coalesce(last.xid, relay.cursor_xid)::text AS "closedXid", coalesce(last.id, relay.cursor_id)::text AS "closedId",
      first.xid::text AS "oldestXid", first.id::text AS "oldestId",
      relay.cursor_xid::text AS "relayedXid", relay.cursor_id::text AS "relayedId",
      coalesce(greatest(0, floor(extract(epoch FROM clock_timestamp() - next.at) * 1000)), 0)::float8 AS "lagMillis"
    FROM relay
    LEFT JOIN LATERAL (
      SELECT xid, id FROM event_log WHERE ${closed(sql)} ORDER BY event_log.xid DESC, event_log.id DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
      SELECT xid, id FROM event_log ORDER BY event_log.xid, event_log.id LIMIT 1
    ) AS first ON true
    LEFT JOIN LATERAL (
      SELECT at FROM event_log
      WHERE (event_log.xid, event_log.id) > (relay.cursor_xid, relay.cursor_id) AND ${closed(sql)}
      ORDER BY event_log.xid, event_log.id LIMIT 1
    ) AS next ON true`.pipe(
    oneRow,
    Effect.map((row): LogHead => ({
      epoch: row.epoch,
      closed: { xid: BigInt(row.closedXid), id: BigInt(row.closedId) },
      oldest: row.oldestXid === null || row.oldestId === null
        ? undefined
        : { xid: BigInt(row.oldestXid), id: BigInt(row.oldestId) },
      relayed: { xid: BigInt(row.relayedXid), id: BigInt(row.relayedId) },
      relayLagMillis: row.lagMillis
    })),
    storeError("read the head of the event log", "read")
  )
