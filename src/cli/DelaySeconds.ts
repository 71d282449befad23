/** Seconds that a job is put off by, from now on: on the command line and in the form of the dashboard. */
import { Schema } from "effect"

/** About three hundred years: what every store and clock can still tell as a date. */
export const maxDelaySeconds = 1e10

export const DelaySeconds = Schema.Finite.check(
  Schema.isBetween({ minimum: 0, maximum: maxDelaySeconds }, { message: `must be 0 to ${maxDelaySeconds} seconds` })
).annotate({ identifier: "DelaySeconds" })
