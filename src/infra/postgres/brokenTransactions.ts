/**
 * Transactions whose connection breaks fail with the error that broke them.
 *
 * `withTransaction` of the client rolls back on every failure, and makes a rollback that fails a defect. On a connection
 * that is gone it always fails, though nothing is left to roll back: an outage would end fibers that know how to wait.
 */
import type { PgClient } from "@effect/sql-pg"
import { type Cause, Effect, Exit } from "effect"
import type { SqlError } from "effect/sql"

/** The client, whose transactions fail as their body did, whatever becomes of the rollback. */
export const keepFailures = (client: PgClient.PgClient): PgClient.PgClient => {
  const { withTransaction } = client
  return Object.assign(client, {
    withTransaction: <R, E, A>(body: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError.SqlError, R> =>
      Effect.suspend(() => {
        let failure: Cause.Cause<E> | undefined
        const watched = Effect.onExit(body, (exit) =>
          Effect.sync(() => {
            if (Exit.isFailure(exit)) failure = exit.cause
          }))
        return Effect.catchCause(withTransaction(watched), (cause) => Effect.failCause(failure ?? cause))
      })
  })
}
