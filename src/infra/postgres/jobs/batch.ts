/**
 * What a batch does when PostgreSQL refuses it (rule 7).
 *
 * A deadlock or a serialization failure has undone everything: the batch is repeated. A value that PostgreSQL does not
 * take is found by halving the batch, so that it takes none of its neighbours down.
 */
import type { StoreError } from "#services/ports/StoreError.ts"
import { Effect, Schedule } from "effect"

/** Locks are taken in the order of ids, so a deadlock is rare; five in a row have another cause. */
const conflictRepeats = 5
const conflictPauses = Schedule.jittered(Schedule.exponential("5 millis")).pipe(
  Schedule.upTo({ times: conflictRepeats })
)

export const repeatingConflicts = <A, R>(effect: Effect.Effect<A, StoreError, R>): Effect.Effect<A, StoreError, R> =>
  Effect.retry(effect, { schedule: conflictPauses, while: (error) => error.reason === "conflict" })

/**
 * Runs the batch, or its halves when it holds a value that is refused, down to the single item, which `refused` then
 * answers for. Answers come in the order of the items.
 */
export const splittingRefusals = <Item, Answer, R>(
  items: ReadonlyArray<Item>,
  run: (items: ReadonlyArray<Item>) => Effect.Effect<ReadonlyArray<Answer>, StoreError, R>,
  refused: (item: Item, error: StoreError) => Answer
): Effect.Effect<ReadonlyArray<Answer>, StoreError, R> =>
  Effect.catch(run(items), (error) => {
    const [only] = items
    if (error.reason !== "data" || only === undefined) return Effect.fail(error)
    if (items.length === 1) return Effect.succeed([refused(only, error)])
    const middle = items.length >> 1
    return Effect.flatMap(
      splittingRefusals(items.slice(0, middle), run, refused),
      (first) => Effect.map(splittingRefusals(items.slice(middle), run, refused), (second) => [...first, ...second])
    )
  })
