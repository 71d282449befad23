/** A server that is frozen keeps its connections and answers nothing: callers must not wait for ever. */
import { migrate } from "#infra/postgres/Migrations.ts"
import { migrations } from "#infra/postgres/migrations/all.ts"
import * as PgJobStore from "#infra/postgres/PgJobStore.ts"
import * as Postgres from "#infra/postgres/Postgres.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, Redacted } from "effect"
import { eventually } from "../support/Programs.ts"
import { describeWithServers, ownServer } from "../support/Servers.ts"

describeWithServers(["postgres"], "a frozen PostgreSQL", () => {
  it.live("is given up after a while, and used again when it moves", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("postgres")
      const store = PgJobStore.layer({ source: "test/1" }).pipe(
        Layer.provide(Layer.effectDiscard(migrate(migrations))),
        Layer.provide(Postgres.layer({ url: Redacted.make(server.url), applicationName: "test" }))
      )
      yield* Effect.gen(function*() {
        const jobs = yield* JobStore
        yield* jobs.loads
        yield* server.freeze
        const [took, error] = yield* Effect.timed(Effect.flip(jobs.loads)).pipe(
          Effect.ensuring(server.thaw)
        )
        const context = yield* Effect.context()
        const after = yield* eventually(
          "the store answers",
          () => Effect.runPromiseWith(context)(jobs.loads),
          () => true
        )

        assert.strictEqual(error._tag, "StoreError")
        assert.strictEqual(error.reason, "timeout")
        assert.isBelow(Duration.toSeconds(took), 20)
        assert.deepStrictEqual(after.map(({ queue }) => String(queue)), ["default"])
      }).pipe(Effect.provide(store))
    }), 90_000)
}, { own: true })
