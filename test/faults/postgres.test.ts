/**
 * PostgreSQL killed again and again under programs that accept, hand over, claim and settle: what was answered is there
 * afterwards, and whoever repeats what was not answered ends up with everything done once.
 */
import type { WorkerId } from "#domain/Worker.ts"
import * as Migrations from "#infra/postgres/Migrations.ts"
import { migrations } from "#infra/postgres/migrations/all.ts"
import * as Postgres from "#infra/postgres/Postgres.ts"
import { type Accepted, JobStore } from "#services/ports/JobStore.ts"
import type { StoreError } from "#services/ports/StoreError.ts"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Redacted, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { complete, settlementOf } from "../behaviour/jobs/Truth.ts"
import { checkInvariants } from "../infra/postgres/invariants.ts"
import * as Stores from "../infra/postgres/stores.ts"
import { freshQueue, freshType, newJob, startWorker } from "../support/Seed.ts"
import { describeWithServers, type OwnServer, ownServer } from "../support/Servers.ts"

class Server extends Context.Service<Server, OwnServer>()("test/Server") {
  static readonly layer = Layer.effect(Server, ownServer("postgres"))
}

const database = Layer.unwrap(
  Effect.map(Server, ({ url }) => Postgres.layer({ url: Redacted.make(url), applicationName: "odto-test-faults" }))
)
const world = Stores.over.pipe(
  Layer.provideMerge(Layer.effectDiscard(Migrations.migrate(migrations))),
  Layer.provideMerge(database),
  Layer.provideMerge(Server.layer)
)

const crashes = 4
/** Work is done between two crashes for this long. */
const upMillis = 600
const batchSize = 20
/** So that there is always something under way, and never more than can be done. */
const submitMillis = 5

/** As programs do: the same call again until it is answered. */
const untilAnswered = <A, R>(call: Effect.Effect<A, StoreError, R>) =>
  Effect.retry(call, { schedule: Schedule.spaced("20 millis"), while: (error) => error.isRetryable })

describeWithServers(["postgres"], "PostgreSQL killed", () => {
  layer(world, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("nothing that was answered is lost, and nothing is done twice", () =>
      Effect.gen(function*() {
        const server = yield* Server
        const store = yield* JobStore
        const sql = yield* SqlClient.SqlClient
        const given = { queue: freshQueue(), type: freshType() }
        const worker: WorkerId = yield* startWorker({ types: [given.type] })
        const answered: Array<Accepted> = []
        const completed = new Set<string>()

        let isEnding = false
        const submit = Effect.suspend(() =>
          untilAnswered(store.accept(Array.from({ length: batchSize }, () => newJob(given))))
        ).pipe(
          Effect.map((answers) => answered.push(...answers)),
          Effect.andThen(Effect.sleep(submitMillis)),
          Effect.repeat({ until: () => isEnding })
        )
        const work = Effect.gen(function*() {
          const handed = yield* untilAnswered(store.dispatch({ ...given, types: [given.type], window: 100, limit: 20 }))
          const claims = handed.map(({ jobId }) => ({ jobId, token: randomUUID() }))
          const claimed = yield* untilAnswered(store.claim(worker, claims))
          const settled = yield* untilAnswered(store.settle(claimed.map((job) => settlementOf(job, complete))))
          for (const { answer, jobId } of settled) {
            assert.strictEqual(answer, "committed")
            assert.isFalse(completed.has(jobId), "an outcome was committed twice")
            completed.add(jobId)
          }
          // A hint whose hand-over a crash has undone, or whose answer was lost, is found by the sweep.
          if (handed.length === 0) {
            yield* untilAnswered(store.recall("all"))
            yield* Effect.sleep(5)
          }
        }).pipe(Effect.repeat({ until: () => isEnding && completed.size === answered.length }))

        const busy = yield* Effect.forkChild(Effect.all([submit, submit, work, work], { concurrency: "unbounded" }))
        for (let crash = 0; crash < crashes; crash++) {
          const before = [answered.length, completed.size]
          yield* Effect.sleep(upMillis)
          yield* server.crash
          assert.isAbove(answered.length, before[0] ?? 0)
          assert.isAbove(completed.size, before[1] ?? 0)
          const [accepted, ended] = [answered.map((answer) => "jobId" in answer ? answer.jobId : ""), [...completed]]
          yield* server.start
          const [found] = yield* sql<{ readonly jobs: number; readonly ends: number }>`
            SELECT (SELECT count(*)::int4 FROM job WHERE id = ANY (${accepted}::uuid[])) AS jobs,
              (SELECT count(*)::int4 FROM job_state WHERE job_id = ANY (${ended}::uuid[]) AND state = 'completed') AS ends`
            .pipe(Effect.retry(Schedule.spaced("20 millis")))
          assert.deepStrictEqual(found, { jobs: accepted.length, ends: ended.length })
        }
        isEnding = true
        yield* Fiber.join(busy)

        assert.isTrue(answered.every(({ _tag }) => _tag === "Accepted"))
        yield* checkInvariants
      }), 60_000)
  })
}, { own: true })
