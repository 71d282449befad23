/** Instants on the wire: ISO 8601 strings. */
import { Schema } from "effect"

/** What RFC 3339 can write; JavaScript knows years that no store keeps. */
const first = Date.parse("0001-01-01T00:00:00.000Z")
const last = Date.parse("9999-12-31T23:59:59.999Z")

export const Instant = Schema.DateTimeUtcFromString.check(
  Schema.makeFilter(({ epochMilliseconds }) => epochMilliseconds >= first && epochMilliseconds <= last, {
    message: "an instant lies in the years 0001 to 9999"
  })
)
