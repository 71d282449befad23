import { JobStore } from "#services/ports/JobStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { randomBytes } from "node:crypto"
import { historyOf } from "../../behaviour/jobs/Truth.ts"
import { jobStoreBehaves } from "../../behaviour/jobStoreBehaves.ts"
import { age } from "../../support/ageing.ts"
import { accept, dispatch, newJob } from "../../support/Seed.ts"
import { describeWithServers } from "../../support/Servers.ts"
import { checkInvariants } from "./invariants.ts"
import * as Stores from "./stores.ts"

describeWithServers(["postgres"], "PgJobStore", () => {
  jobStoreBehaves("PostgreSQL", Stores.layer, { elapse: age, excludeTestServices: true })

  layer(Stores.layer, { excludeTestServices: true })((it) => {
    it.effect("refuses by itself a job with a value that only PostgreSQL finds too large", () =>
      Effect.gen(function*() {
        const store = yield* JobStore
        const large = newJob({ correlationId: randomBytes(6_000).toString("base64url") })
        const [before, after] = [newJob(), newJob()]

        const answers = yield* store.accept([before, large, after])

        assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Accepted", "Refused", "Accepted"])
        const [, refused] = answers
        assert.match(refused?._tag === "Refused" ? refused.detail : "", /index row/)
        assert.deepStrictEqual(yield* historyOf(large.id), [])
        yield* checkInvariants
      }))

    it.effect("does not wait for the disk to hand a job over", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const handOver = Effect.gen(function*() {
          const job = newJob()
          yield* accept(job)
          yield* dispatch(job)
          const [log] = yield* sql<{ readonly isBehind: boolean }>`
            SELECT pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn() AS "isBehind"`
          return log?.isBehind === true
        })

        // Another commit on the server may have taken this one to the disk along with its own.
        yield* Effect.repeat(handOver, { until: (isBehind) => isBehind })

        const [settings] = yield* sql<{ readonly after: string }>`SELECT current_setting('synchronous_commit') AS after`
        assert.strictEqual(settings?.after, "on")
      }))

    it.effect("keeps the newest thousand of the messages that could not be decoded", () =>
      Effect.gen(function*() {
        const store = yield* JobStore
        const sql = yield* SqlClient.SqlClient
        const message = (body: string) => ({ source: "odto.jobs.default.x", reason: "not JSON", body })
        yield* store.recordUndecodable(Array.from({ length: 700 }, (_, index) => message(`old ${index}`)))
        yield* store.recordUndecodable(Array.from({ length: 699 }, (_, index) => message(`new ${index}`)))

        yield* store.recordUndecodable([message("new\u0000est")])

        const kept = yield* sql<{ readonly body: string }>`SELECT body FROM undecodable_message ORDER BY id`
        assert.strictEqual(kept.length, 1_000)
        assert.deepStrictEqual([kept[0]?.body, kept.at(-1)?.body], ["old 400", "new\uFFFDest"])
      }))

    it.effect("frees the space of folded counters", () =>
      Effect.gen(function*() {
        const store = yield* JobStore
        const sql = yield* SqlClient.SqlClient
        const size = Effect.map(
          sql<{ readonly bytes: number }>`SELECT pg_relation_size('counter_delta')::float8 AS bytes`,
          ([row]) => row?.bytes ?? 0
        )
        const fill =
          sql`INSERT INTO counter_delta SELECT 'q', 't', 'accepted', n FROM generate_series(-10000, 10000) AS n`
        yield* fill
        yield* Effect.repeat(store.foldCounters, { until: (folded) => folded === 0 })
        const before = yield* size

        yield* fill

        assert.isAtMost(yield* size, before)
        yield* Effect.repeat(store.foldCounters, { until: (folded) => folded === 0 })
        yield* checkInvariants
      }))
  })
})
