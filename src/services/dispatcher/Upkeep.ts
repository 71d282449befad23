/**
 * The store's housekeeping: deadlines of waiting jobs, counters folded so that they stay quick to read, and what has
 * expired deleted.
 */
import { type Duration, Effect, Layer, Schedule } from "effect"
import { JobStore } from "../ports/JobStore.ts"
import { Signals } from "../ports/Signals.ts"
import type { StoreError } from "../ports/StoreError.ts"
import { keepGoing } from "../Supervised.ts"

/** Jobs ended by one statement. */
const deadlineLimit = 500
const deadlineInterval = "1 second"
const foldInterval = "500 millis"
/** Rows of each kind deleted by one statement: some hundredths of a second. */
const forgetLimit = 1_000
const forgetInterval = "1 minute"

const make = Effect.gen(function*() {
  const store = yield* JobStore
  const signals = yield* Signals

  const regularly = (what: string, interval: Duration.Input, work: Effect.Effect<void, StoreError>) =>
    work.pipe(
      Effect.catch((error) => Effect.logWarning(`${what} is put off`, { reason: error.reason })),
      Effect.repeat(Schedule.spaced(interval)),
      keepGoing(what)
    )

  yield* regularly(
    "ending jobs past their deadline",
    deadlineInterval,
    Effect.gen(function*() {
      let ended = deadlineLimit
      while (ended === deadlineLimit) {
        ended = yield* store.endDeadlines(deadlineLimit)
        if (ended > 0) yield* signals.send("log")
      }
    })
  )
  yield* regularly(
    "forgetting what has expired",
    forgetInterval,
    Effect.gen(function*() {
      let forgotten = forgetLimit
      while (forgotten >= forgetLimit) forgotten = yield* store.forgetExpired(forgetLimit)
    })
  )
  yield* regularly("folding counters", foldInterval, Effect.asVoid(store.foldCounters))
})

export const layer = Layer.effectDiscard(make)
