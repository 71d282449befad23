/**
 * Rows of the event log as they leave PostgreSQL.
 *
 * Transaction ids have 64 bits without a sign and no type of their own in the driver: they travel as text. An order is
 * always by the columns themselves, never by these texts.
 */
import type { LogEvent, LogRow } from "#domain/JobEvent.ts"
import type { Position } from "#domain/Position.ts"
import type { LogPlace } from "#services/ports/EventLog.ts"
import type { SqlClient } from "effect/sql"

/** What `placeColumns` selects. */
export interface PlaceRecord {
  readonly epoch: number
  readonly xidText: string
  readonly idText: string
  readonly atMillis: number
}

/** What `columns` selects. */
export interface LogRecord extends PlaceRecord {
  readonly source: string
  readonly body: ReadonlyArray<LogEvent>
}

/** For a statement that has `event_log` in its FROM. */
export const placeColumns = (sql: SqlClient.SqlClient) =>
  sql.literal(`(SELECT value::int4 FROM meta WHERE key = 'epoch') AS epoch,
    event_log.xid::text AS "xidText", event_log.id::text AS "idText",
    floor(extract(epoch FROM event_log.at) * 1000)::float8 AS "atMillis"`)

/** The same with what the row says. */
export const columns = (sql: SqlClient.SqlClient) => sql`${placeColumns(sql)}, event_log.source, event_log.body`

/** True of rows whose place among all rows, seen or not yet seen, is settled. */
export const closed = (sql: SqlClient.SqlClient) =>
  sql.literal("event_log.xid < pg_snapshot_xmin(pg_current_snapshot())")

/** The position as a row value of SQL, to be compared with `(event_log.xid, event_log.id)`. */
export const place = (sql: SqlClient.SqlClient, position: Position) =>
  sql`(${String(position.xid)}::xid8, ${String(position.id)}::int8)`

export const toLogRow = (record: LogRecord): LogRow => ({
  epoch: record.epoch,
  position: toPosition(record),
  at: record.atMillis,
  source: record.source,
  events: record.body
})

export const toLogPlace = (record: PlaceRecord): LogPlace => ({
  epoch: record.epoch,
  position: toPosition(record),
  at: record.atMillis
})

export const toPosition = (record: { readonly xidText: string; readonly idText: string }): Position => ({
  xid: BigInt(record.xidText),
  id: BigInt(record.idText)
})
