/** Durations on this host: a clock that nobody sets (rule 19). Instants that decide anything are the store's. */
import { Clock, Effect } from "effect"

/** Milliseconds since some moment in the past. */
export const nowMillis: Effect.Effect<number> = Effect.map(
  Clock.monotonicTimeNanos,
  (nanos) => Number(nanos / 1_000n) / 1_000
)
