/**
 * Commits how attempts ended, in batches. An attempt holds its slot until its end is committed, which bounds what can
 * wait here; while the store is away the same settlements are tried again, with the same tokens.
 */
import { Effect, Schedule, type Scope } from "effect"
import * as Batcher from "../Batcher.ts"
import { stageMillis } from "../Pace.ts"
import { JobStore, type Settled, type Settlement } from "../ports/JobStore.ts"
import { Metrics } from "../ports/Metrics.ts"
import { Signals } from "../ports/Signals.ts"
import type { StoreError } from "../ports/StoreError.ts"

const maxBatch = 500
/** More attempts than any worker has slots. */
const maxWaiting = 20_000
const concurrency = 2
const retryPolicy = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])

export interface Completer {
  /** Never gives up on a store that is away; ends by interruption when the lease is lost. */
  readonly settle: (settlement: Settlement) => Effect.Effect<Settled["answer"], StoreError | Batcher.Overloaded>
}

export const make: Effect.Effect<Completer, never, JobStore | Metrics | Signals | Scope.Scope> = Effect.gen(
  function*() {
    const store = yield* JobStore
    const metrics = yield* Metrics
    const signals = yield* Signals

    const commit = Effect.fnUntraced(function*(settlements: ReadonlyArray<Settlement>) {
      metrics.observe("odto_batch_size", { operation: "settle" }, settlements.length)
      const answers = yield* store.settle(settlements).pipe(
        Effect.tapError((error) => Effect.logWarning("outcomes wait for the store", { reason: error.reason })),
        Effect.retry({ schedule: retryPolicy, while: (error) => error.isRetryable })
      )
      yield* signals.send("log")
      if (settlements.some(({ next }) => next._tag === "retry" || next._tag === "release")) yield* signals.send("due")
      return answers
    })
    const batcher = yield* Batcher.make({
      what: "outcomes",
      maxBatch,
      maxWaiting,
      concurrency,
      paceMillis: stageMillis,
      run: commit
    })

    return {
      settle: (settlement) =>
        Effect.map(batcher.submit([settlement]), ([settled]) => settled === undefined ? "refused" : settled.answer)
    }
  }
)
