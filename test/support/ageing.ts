/** Time that passes for a PostgreSQL at once: every instant that decides something moves into the past. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export const age = Effect.fnUntraced(function*(millis: number) {
  const sql = yield* SqlClient.SqlClient
  const by = sql`${millis}::float8 * interval '1 millisecond'`
  yield* sql`UPDATE job_state SET run_at = run_at - ${by}, rank = rank - ${millis}::int8, deadline = deadline - ${by},
    attempt_deadline = attempt_deadline - ${by}, dispatched_at = dispatched_at - ${by}`
  yield* sql`UPDATE worker SET lease_until = lease_until - ${by}`
  yield* sql`UPDATE idempotency_key SET expires_at = expires_at - ${by}`
}, Effect.orDie)
