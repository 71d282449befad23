/**
 * What SQL trouble means to the callers of a store.
 *
 * An error that no caller can act on (a statement that does not parse, a table that is missing, a row that cannot be)
 * is a defect. A write whose connection broke may have been committed: that is `outcome-unknown`, never `unavailable`.
 */
import { StoreError } from "#services/ports/StoreError.ts"
import { Duration, Effect } from "effect"
import { isSqlError, type SqlError } from "effect/sql/SqlError"

type Reason = StoreError["reason"]

/**
 * A server that is frozen or behind a cut line answers nothing, and the system notices only when its own patience ends,
 * after many minutes. Well above what the largest batch takes on a busy machine.
 */
const patience = { read: Duration.seconds(10), write: Duration.seconds(15) }

/**
 * Turns the SQL errors of an operation into its `StoreError`s, the others into defects.
 *
 * `operation` completes the sentence "the job store could not …". A `read` can never have an unknown outcome.
 */
export const storeError =
  (operation: string, kind: "read" | "write") =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Exclude<E, SqlError> | StoreError, R> =>
    Effect.catch(effect, (error): Effect.Effect<never, Exclude<E, SqlError> | StoreError> => {
      if (isOther(error)) return Effect.fail(error)
      const reason = isSqlError(error) ? reasonOf(error, kind) : undefined
      return reason === undefined ? Effect.die(error) : Effect.fail(new StoreError({ operation, reason, cause: error }))
    }).pipe(Effect.timeoutOrElse({
      duration: patience[kind],
      orElse: () =>
        Effect.fail(
          new StoreError({
            operation,
            reason: kind === "write" ? "outcome-unknown" : "timeout",
            cause: new Error(`no answer within ${Duration.toSeconds(patience[kind])} s`)
          })
        )
    }))

const isOther = <E>(error: E): error is Exclude<E, SqlError> => !isSqlError(error)

/** Undefined: nobody can act on it. */
const reasonOf = (error: SqlError, kind: "read" | "write"): Reason | undefined => {
  const { reason } = error
  const broken = kind === "write" && reason.operation !== "connect" ? "outcome-unknown" : "unavailable"
  switch (reason._tag) {
    case "ConnectionError":
      return broken
    case "AuthenticationError":
      return "unavailable"
    case "DeadlockError":
    case "SerializationError":
      return "conflict"
    case "LockTimeoutError":
    case "StatementTimeoutError":
      return "timeout"
    case "UniqueViolation":
    case "ConstraintError":
      return "data"
    case "UnknownError":
      return reasonOfState(sqlState(reason.cause), broken)
    default:
      return undefined
  }
}

/** The five characters that PostgreSQL gives with an error; undefined when the error is the driver's own. */
export const sqlState = (cause: unknown): string | undefined =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string"
    ? cause.code
    : undefined

/** https://www.postgresql.org/docs/15/errcodes-appendix.html */
const reasonOfState = (state: string | undefined, broken: Reason): Reason | undefined => {
  switch (state) {
    case "57P01": // the administrator ends the session
    case "57P02": // another process of the server crashed
    case "57P05": // idle for too long
    case "40003": // the server itself does not know
      return broken
    case "57P03": // starting, stopping or recovering
    case "25006": // a standby: the primary is elsewhere
      return "unavailable"
    case "25P03": // idle in a transaction for too long
    case "25P04": // the transaction took too long
      return "timeout"
  }
  switch (state?.slice(0, 2)) {
    case "22": // a value is not valid
    case "54": // a value is too large, for instance for an index
      return "data"
    case "40":
      return "conflict"
    case "53": // out of connections, disk or memory
    case "58": // the file system
      return "unavailable"
  }
  return undefined
}
