/**
 * The one state behind all stores in memory, and transactions over it.
 *
 * It keeps the promises of the store of truth: each operation is one transaction, transitions go through `Transaction`
 * alone, every deciding instant is Effect's clock. Transactions run one after the other, so every log row is closed at
 * once.
 */
import { Clock, Context, Effect, Layer } from "effect"
import type { StoreError } from "../StoreError.ts"
import { MemoryFaults, type Operation, ordered } from "./MemoryFaults.ts"
import { Tables } from "./Tables.ts"
import { Transaction } from "./Transaction.ts"

export class MemoryDatabase extends Context.Service<MemoryDatabase, {
  /** For tests that look behind the ports. */
  readonly tables: Tables
  /** One transaction of the program instance `source`: the body runs at once and alone, its events become log rows. */
  readonly write: <A>(
    source: string,
    operation: Operation,
    body: (transaction: Transaction) => A
  ) => Effect.Effect<A, StoreError>
  /** One reading, with the store's clock in milliseconds. */
  readonly read: <A>(
    operation: Operation,
    body: (tables: Tables, now: number) => A
  ) => Effect.Effect<A, StoreError>
}>()("odto/services/MemoryDatabase") {
  static readonly layer = Layer.effect(
    MemoryDatabase,
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const tables = new Tables()

      // As with a server, others get their turn before the answer.
      const call = <A>(operation: Operation, body: (now: number) => A): Effect.Effect<A, StoreError> =>
        Effect.flatMap(
          Effect.yieldNow,
          () =>
            Clock.clockWith((clock) => {
              const fault = faults.meet(operation)
              if (fault?._tag === "Hang") return Effect.never
              if (fault?._tag === "Fail") return Effect.fail(ordered(operation, fault.reason))
              const answer = body(Math.floor(clock.currentTimeMillisUnsafe()))
              return fault === undefined ? Effect.succeed(answer) : Effect.fail(ordered(operation, "outcome-unknown"))
            })
        )

      return MemoryDatabase.of({
        tables,
        read: (operation, body) => call(operation, (now) => body(tables, now)),
        write: (source, operation, body) =>
          call(operation, (now) => {
            const transaction = new Transaction(tables, source, now)
            const answer = body(transaction)
            transaction.commit()
            return answer
          })
      })
    })
  )
}
