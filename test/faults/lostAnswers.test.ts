/**
 * Answers of PostgreSQL that get lost after the commit: whoever repeats the same call finds its own work done and no
 * work is done twice.
 */
import * as Migrations from "#infra/postgres/Migrations.ts"
import { migrations } from "#infra/postgres/migrations/all.ts"
import * as Postgres from "#infra/postgres/Postgres.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import type { StoreError } from "#services/ports/StoreError.ts"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { randomUUID } from "node:crypto"
import { complete, historyOf, retry, settlementOf, told as events } from "../behaviour/jobs/Truth.ts"
import { checkInvariants } from "../infra/postgres/invariants.ts"
import * as Stores from "../infra/postgres/stores.ts"
import { type LossyProxy, lossyProxy } from "../support/LossyProxy.ts"
import { accept, dispatch, fresh, freshQueue, freshType, newJob, startWorker } from "../support/Seed.ts"
import { describeWithServers, freshDatabase } from "../support/Servers.ts"

class Line extends Context.Service<Line, LossyProxy>()("test/Line") {
  static readonly layer = Layer.effect(Line, Effect.flatMap(freshDatabase, lossyProxy))
}

const database = Layer.unwrap(
  Effect.map(Line, ({ url }) => Postgres.layer({ url: Redacted.make(url), applicationName: "odto-test-lost-answers" }))
)
const world = Stores.over.pipe(
  Layer.provideMerge(Layer.effectDiscard(Migrations.migrate(migrations))),
  Layer.provideMerge(database),
  Layer.provideMerge(Line.layer)
)

/** What the call answers when it is repeated after its answer was lost. */
const withLostAnswer = Effect.fnUntraced(function*<A>(call: Effect.Effect<A, StoreError>) {
  const line = yield* Line
  yield* line.loseAnswers
  const error = yield* Effect.flip(call)
  yield* line.heal
  assert.strictEqual(error.reason, "outcome-unknown")
  return yield* call
})

describeWithServers(["postgres"], "Lost answers of PostgreSQL", () => {
  layer(world, { excludeTestServices: true })((it) => {
    it.effect("an accepted batch is recognised, with keys and without", () =>
      Effect.gen(function*() {
        const store = yield* JobStore
        const queue = freshQueue()
        yield* accept(newJob({ queue }))
        const jobs = [
          newJob({ queue }),
          newJob({ queue, idempotency: { scope: "ann", key: fresh("key"), bodyHash: "h", ttlMillis: 60_000 } })
        ]

        const answers = yield* withLostAnswer(store.accept(jobs))

        assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Accepted", "Accepted"])
        for (const { id } of jobs) assert.deepStrictEqual(events(yield* historyOf(id)), ["1 created none>waiting"])
        yield* checkInvariants
      }))

    it.effect("a claim gets the attempts that it has started", () =>
      Effect.gen(function*() {
        const store = yield* JobStore
        const given = { queue: freshQueue(), type: freshType() }
        yield* accept(newJob(given), newJob(given))
        const worker = yield* startWorker({ types: [given.type] })
        const claims = (yield* dispatch(given)).map(({ jobId }) => ({ jobId, token: randomUUID() }))

        const claimed = yield* withLostAnswer(store.claim(worker, claims))

        const told = claimed.map(({ attempt, jobId, token }) => `${jobId} ${token} ${attempt}`)
        assert.deepStrictEqual(told.toSorted(), claims.map(({ jobId, token }) => `${jobId} ${token} 1`).toSorted())
        yield* checkInvariants
      }))

    it.effect("a settlement is committed, once", () =>
      Effect.gen(function*() {
        const store = yield* JobStore
        const given = { queue: freshQueue(), type: freshType() }
        yield* accept(newJob(given), newJob(given))
        const worker = yield* startWorker({ types: [given.type] })
        const claims = (yield* dispatch(given)).map(({ jobId }) => ({ jobId, token: randomUUID() }))
        const claimed = yield* store.claim(worker, claims)
        const settlements = claimed.map((job, index) => settlementOf(job, index === 0 ? complete : retry(1_000)))

        const answers = yield* withLostAnswer(store.settle(settlements))

        assert.deepStrictEqual(answers.map(({ answer }) => answer), ["committed", "committed"])
        for (const { jobId } of claimed) {
          assert.isFalse((yield* historyOf(jobId)).some(({ type }) => type === "completion-refused"))
        }
        yield* checkInvariants
      }))
  })
})
