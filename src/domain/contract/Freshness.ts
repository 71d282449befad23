/**
 * Where numbers come from and how old they are: part of every answer that has numbers.
 *
 * A store that is down is said to be down, in the section of its numbers; it never shows as zeros.
 */
import { Schema } from "effect"

/** Numbers that may be behind the truth by more than this are called stale, in milliseconds. */
export const staleAfterMillis = 5_000

export const Freshness = Schema.Struct({
  /** The store that answered: `postgresql`, `pglite`, `mongodb`, `redis`, `event log`, `memory`. */
  source: Schema.String,
  /** When the store was read, ISO 8601. */
  readAt: Schema.String,
  /** Milliseconds by which the values may be behind the truth. */
  ageMillis: Schema.Int,
  stale: Schema.Boolean
}).annotate({ identifier: "Freshness" })
export type Freshness = typeof Freshness.Type

/** A store that does not answer. */
export const Down = Schema.Struct({
  status: Schema.Literal("down"),
  source: Schema.String,
  detail: Schema.String
}).annotate({ identifier: "Down" })
export type Down = typeof Down.Type

/** A group of numbers of one store beside groups of other stores. */
export const section = <Fields extends Schema.Struct.Fields>(identifier: string, fields: Fields) =>
  Schema.Union([
    Schema.Struct({ status: Schema.Literal("ok"), ...fields, freshness: Freshness }).annotate({ identifier }),
    Down
  ])
