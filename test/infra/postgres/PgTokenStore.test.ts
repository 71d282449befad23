import * as PgJobQueries from "#infra/postgres/PgJobQueries.ts"
import * as PgTokenStore from "#infra/postgres/PgTokenStore.ts"
import { TokenStore } from "#services/ports/TokenStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { randomBytes } from "node:crypto"
import { tokenStoreBehaves } from "../../behaviour/tokenStoreBehaves.ts"
import { fresh } from "../../support/Seed.ts"
import { describeWithServers } from "../../support/Servers.ts"
import * as MigratedDatabase from "./migratedDatabase.ts"

const tokens = Layer.merge(PgTokenStore.layer, PgJobQueries.layer).pipe(Layer.provide(MigratedDatabase.layer))

describeWithServers(["postgres"], "PgTokenStore", () => {
  tokenStoreBehaves("postgres", tokens)

  layer(tokens, { excludeTestServices: true })((it) => {
    it.effect("answers a repeated creation with the token that it made, once", () =>
      Effect.gen(function*() {
        const store = yield* TokenStore
        const token = { name: fresh("token"), role: "viewer", hash: randomBytes(32).toString("hex") } as const
        const create = store.create(token, { name: "ada", role: "admin" })

        const [first, second] = yield* Effect.all([create, create], { concurrency: 2 })

        assert.deepStrictEqual(first, second)
        assert.strictEqual((yield* store.list).filter(({ name }) => name === token.name).length, 1)
      }))

    it.effect("keeps no token, only its hash", () =>
      Effect.gen(function*() {
        const store = yield* TokenStore
        const token = { name: fresh("token"), role: "admin", hash: randomBytes(32).toString("hex") } as const

        const view = yield* store.create(token, { name: "ada", role: "admin" })

        assert.sameMembers(Object.keys(view), ["name", "role", "createdAt", "revokedAt"])
      }))
  })
})
