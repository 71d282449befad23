/**
 * Finding and locking the rows of a batch.
 *
 * Statements keep their plans for as long as their session lives, and plans are made when tables may still be empty. So
 * nothing is left to estimates: each job is looked up by its id, one after the other, and what depends on statistics
 * (its state, for one) is asked of the row that was found.
 */
import type { SqlClient } from "effect/sql"

/** Locks are taken in this order by everybody, so that no two transactions wait for each other. */
export const byJob = <A extends { readonly jobId: string }>(items: ReadonlyArray<A>): ReadonlyArray<A> =>
  items.toSorted((one, other) => one.jobId < other.jobId ? -1 : one.jobId > other.jobId ? 1 : 0)

/**
 * For a FROM: `s`, the state of the job with this id, locked and as it is after waiting for the lock. Rows before it in
 * the FROM must come in the order of their jobs.
 */
export const stateOf = (sql: SqlClient.SqlClient, id: string, whenLocked: "" | "SKIP LOCKED" = "") =>
  sql.literal(`LATERAL (SELECT * FROM job_state WHERE job_id = ${id} OFFSET 0 FOR UPDATE ${whenLocked}) AS s`)

/**
 * For the LIMIT of whoever takes rows in the order of an index: the number that is asked for comes as a parameter, in a
 * LIMIT around it. Of this one PostgreSQL knows when it plans that it is small, and walks along the index, where for a
 * number that it does not know it might sort everything. No operation takes more at once.
 */
export const walkAtMost = "1000"
