import type { JobId } from "#domain/Job.ts"
import { rowBudget } from "#domain/JobFilter.ts"
import * as PgJobQueries from "#infra/postgres/PgJobQueries.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { fresh } from "../../support/Seed.ts"
import { describeWithServers } from "../../support/Servers.ts"
import * as MigratedDatabase from "./migratedDatabase.ts"

const queries = Layer.provideMerge(PgJobQueries.layer, MigratedDatabase.layer)

/** Jobs of one correlation id, the first the oldest; their ids carry midnight of 1 January 2025 and their number. */
const fill = Effect.fnUntraced(function*(correlationId: string, state: string, first: number, last: number) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    WITH made AS (
      INSERT INTO job (id, type, queue, payload, payload_bytes, priority, max_attempts, backoff, timeout_ms,
        correlation_id, submitted_by)
      SELECT ('01941f29-7c00-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'demo.noop', 'default', '{}', 2, 5, 1,
        '{}', 1, ${correlationId}, 'test'
      FROM generate_series(${first}::int4, ${last}::int4) AS n
      RETURNING id
    )
    INSERT INTO job_state (job_id, queue, type, state, rank, run_at, max_attempts, seq, finished_at)
    SELECT id, 'default', 'demo.noop', ${state}, 0, now(), 1, 3, now() FROM made`
})

describeWithServers(["postgres"], "PgJobQueries", () => {
  layer(queries, { excludeTestServices: true })((it) => {
    it.effect("ends a page where its budget of rows ends, says so, and goes on from there", () =>
      Effect.gen(function*() {
        const { find } = yield* JobQueries
        const correlationId = fresh("order")
        const filter = { correlationId, statuses: ["dead" as const] }
        yield* fill(correlationId, "dead", 1, 1)
        yield* fill(correlationId, "completed", 2, rowBudget - 1)

        const walked: Array<number> = []
        let after: JobId | undefined
        do {
          const { value } = yield* find({ filter, sort: "newest", after, limit: 10 })
          walked.push(value.jobs.length)
          assert.strictEqual(value.partial, value.next !== undefined)
          after = value.next
        } while (after !== undefined)
        const oldest = yield* find({ filter, sort: "oldest", after: undefined, limit: 1 })
        const full = yield* find({ filter: { correlationId }, sort: "newest", after: undefined, limit: 10 })

        // Each job costs two rows: one of the walk, one to ask for its state.
        assert.deepStrictEqual(walked, [0, 1])
        assert.strictEqual(oldest.value.jobs.length, 1)
        assert.deepStrictEqual([full.value.jobs.length, full.value.partial], [10, false])
      }))

    it.effect("gives up a read that takes longer than two seconds", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { find, ping } = yield* JobQueries
        const locked = yield* Deferred.make<void>()
        yield* sql.withTransaction(sql`LOCK TABLE job IN ACCESS EXCLUSIVE MODE`.pipe(
          Effect.andThen(Deferred.succeed(locked, undefined)),
          Effect.andThen(Effect.never)
        )).pipe(Effect.forkScoped)
        yield* Deferred.await(locked)

        const error = yield* Effect.flip(find({ filter: {}, sort: "newest", after: undefined, limit: 10 }))

        assert.strictEqual(error.reason, "timeout")
        yield* ping
      }))
  })
})
