import type { JobId } from "#domain/Job.ts"
import { rowBudget } from "#domain/JobFilter.ts"
import * as PgJobQueries from "#infra/postgres/PgJobQueries.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { fresh, freshType } from "../../support/Seed.ts"
import { describeWithServers } from "../../support/Servers.ts"
import * as MigratedDatabase from "./migratedDatabase.ts"

const queries = Layer.provideMerge(PgJobQueries.layer, MigratedDatabase.layer)

/** Completed jobs, the first the oldest; their ids carry the time of midnight on 1 January 2025 and their number. */
const fill = Effect.fnUntraced(function*(jobs: {
  readonly type: string
  readonly first: number
  readonly last: number
  readonly tags: ReadonlyArray<string>
}) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    WITH made AS (
      INSERT INTO job (id, type, queue, payload, payload_bytes, priority, max_attempts, backoff, timeout_ms, tags,
        submitted_by)
      SELECT ('01941f29-7c00-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, ${jobs.type}, 'default', '{}', 2, 5, 1, '{}',
        1, ${jobs.tags}::text[], 'test'
      FROM generate_series(${jobs.first}::int4, ${jobs.last}::int4) AS n
      RETURNING id
    )
    INSERT INTO job_state (job_id, queue, type, state, rank, run_at, max_attempts, seq, finished_at)
    SELECT id, 'default', ${jobs.type}, 'completed', 0, now(), 1, 3, now() FROM made`
})

describeWithServers(["postgres"], "PgJobQueries", () => {
  layer(queries, { excludeTestServices: true })((it) => {
    it.effect("ends a page where its budget of rows ends, says so, and goes on from there", () =>
      Effect.gen(function*() {
        const { find } = yield* JobQueries
        const [type, common, rare] = [freshType(), fresh("tag"), fresh("tag")]
        yield* fill({ type, first: 1, last: 1, tags: [common, rare] })
        yield* fill({ type, first: 2, last: 2_500, tags: [rare] })
        yield* fill({ type, first: 2_501, last: rowBudget + 5_000, tags: [common] })
        const filter = { types: [type], tags: [common, rare] }

        const walked: Array<number> = []
        let after: JobId | undefined
        do {
          const { value } = yield* find({ filter, sort: "newest", after, limit: 10 })
          walked.push(value.jobs.length)
          assert.strictEqual(value.partial, value.next !== undefined)
          after = value.next
        } while (after !== undefined)
        const oldest = yield* find({ filter, sort: "oldest", after: undefined, limit: 1 })
        const full = yield* find({ filter: { tags: [common] }, sort: "newest", after: undefined, limit: 10 })

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
