/**
 * A place in the event log: (xid, id), in this order.
 *
 * Neither ids nor times are an order to resume by: ids become visible out of order. Rows below the oldest running
 * transaction are closed, and their (xid, id) order never changes.
 */
import { Option, Schema } from "effect"

/** The largest values of PostgreSQL's `xid8` and `bigint`. */
const maxXid = 2n ** 64n - 1n
const maxId = 2n ** 63n - 1n

/** Written as `<xid>.<id>` in SSE ids, cursors and AMQP headers. */
export const Position = Schema.Struct({
  /** 64-bit transaction id of PostgreSQL. */
  xid: Schema.BigInt.check(Schema.isBetweenBigInt({ minimum: 0n, maximum: maxXid })),
  id: Schema.BigInt.check(Schema.isBetweenBigInt({ minimum: 0n, maximum: maxId }))
})
export type Position = typeof Position.Type

/** Before the first row. */
export const start: Position = { xid: 0n, id: 0n }

/** Negative when `a` comes first. */
export const compare = (a: Position, b: Position): -1 | 0 | 1 =>
  a.xid < b.xid ? -1 : a.xid > b.xid ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0

export const format = (position: Position): string => `${position.xid}.${position.id}`

/** The inverse of `format`; none for what is no place in any log. */
export const parse = (text: string): Option.Option<Position> => {
  const [, xidText, idText] = /^(\d{1,20})\.(\d{1,19})$/u.exec(text) ?? []
  if (xidText === undefined || idText === undefined) return Option.none()
  const position = { xid: BigInt(xidText), id: BigInt(idText) }
  return position.xid <= maxXid && position.id <= maxId ? Option.some(position) : Option.none()
}

/** A position as text, for headers and query strings. */
export const PositionText = Schema.String.check(
  Schema.makeFilter((text) => Option.isSome(parse(text)), { message: "a position is <xid>.<id>" })
)
