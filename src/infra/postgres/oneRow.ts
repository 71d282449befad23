import { Effect } from "effect"

/** The row of a statement that always answers one; a defect where it does not. */
export const oneRow = <A, E, R>(rows: Effect.Effect<ReadonlyArray<A>, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    rows,
    ([row]) => row === undefined ? Effect.die(new Error("PostgreSQL has answered no row")) : Effect.succeed(row)
  )
