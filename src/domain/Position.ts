/**
 * A place in the event log: (xid, id), in this order.
 *
 * Neither ids nor times are an order to resume by: ids become visible out of order. Rows below the oldest running
 * transaction are closed, and their (xid, id) order never changes.
 */
import { Option, Schema } from "effect"

/** Written as `<xid>.<id>` in SSE ids, cursors and AMQP headers. */
export const Position = Schema.Struct({
  /** 64-bit transaction id of PostgreSQL. */
  xid: Schema.BigInt,
  id: Schema.BigInt
})
export type Position = typeof Position.Type

/** Before the first row. */
export const start: Position = { xid: 0n, id: 0n }

export const compare = (a: Position, b: Position): -1 | 0 | 1 =>
  a.xid < b.xid ? -1 : a.xid > b.xid ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0

export const format = (position: Position): string => `${position.xid}.${position.id}`

export const parse = (text: string): Option.Option<Position> => {
  const match = /^(\d{1,20})\.(\d{1,19})$/u.exec(text)
  return match === null
    ? Option.none()
    : Option.some({ xid: BigInt(match[1] ?? "0"), id: BigInt(match[2] ?? "0") })
}
