import { JobQueries } from "#services/ports/JobQueries.ts"
import { TokenStore } from "#services/ports/TokenStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, type Layer, Option } from "effect"
import { randomBytes } from "node:crypto"
import { fresh } from "../support/Seed.ts"

/** What every implementation of TokenStore must do. */
export const tokenStoreBehaves = <E>(name: string, implementation: Layer.Layer<TokenStore | JobQueries, E>) =>
  layer(implementation, { excludeTestServices: true })(`TokenStore: ${name}`, (it) => {
    const admin = { name: "ada", role: "admin" } as const
    const freshToken = () =>
      ({ name: fresh("token"), role: "operator", hash: randomBytes(32).toString("hex") }) as const
    const auditOf = Effect.fnUntraced(function*(subject: string) {
      const queries = yield* JobQueries
      const { value } = yield* queries.audit(undefined, 1_000)
      return value.filter((entry) => entry.subject === subject).toReversed()
    })

    it.effect("finds a token by its hash as the actor that it makes", () =>
      Effect.gen(function*() {
        const tokens = yield* TokenStore
        const token = freshToken()
        const view = yield* tokens.create(token, admin)

        const found = yield* tokens.find(token.hash)
        const other = yield* tokens.find(freshToken().hash)

        assert.deepInclude(view, { name: token.name, role: "operator", revokedAt: null })
        assert.approximately(Date.parse(view.createdAt), Date.now(), 60_000)
        assert.deepStrictEqual(found, Option.some({ name: token.name, role: "operator" }))
        assert.isTrue(Option.isNone(other))
      }))

    it.effect("gives a name once, and not again after it was revoked", () =>
      Effect.gen(function*() {
        const tokens = yield* TokenStore
        const token = freshToken()
        const again = { ...token, hash: freshToken().hash }
        yield* tokens.create(token, admin)

        const taken = yield* Effect.flip(tokens.create(again, admin))
        yield* tokens.revoke(token.name, admin)
        const revoked = yield* Effect.flip(tokens.create(again, admin))

        assert.strictEqual(taken._tag, "TokenNameTaken")
        assert.strictEqual(revoked._tag, "TokenNameTaken")
        assert.isTrue(Option.isNone(yield* tokens.find(again.hash)))
      }))

    it.effect("knows a revoked token no more, but still lists it", () =>
      Effect.gen(function*() {
        const tokens = yield* TokenStore
        const [first, second] = [freshToken(), freshToken()]
        yield* tokens.create(first, admin)
        yield* tokens.create(second, admin)

        yield* tokens.revoke(first.name, admin)
        const list = yield* tokens.list

        assert.isTrue(Option.isNone(yield* tokens.find(first.hash)))
        assert.isTrue(Option.isSome(yield* tokens.find(second.hash)))
        const shown = list.filter(({ name }) => name === first.name || name === second.name)
        assert.deepStrictEqual(shown.map(({ revokedAt }) => revokedAt === null), [false, true])
        assert.isFalse(JSON.stringify(list).includes(first.hash))
      }))

    it.effect("refuses to revoke what is not there; to revoke twice changes nothing", () =>
      Effect.gen(function*() {
        const tokens = yield* TokenStore
        const token = freshToken()
        yield* tokens.create(token, admin)
        yield* tokens.revoke(token.name, admin)
        const before = (yield* tokens.list).find(({ name }) => name === token.name)

        yield* tokens.revoke(token.name, admin)
        const missing = yield* Effect.flip(tokens.revoke(fresh("token"), admin))

        assert.deepStrictEqual((yield* tokens.list).find(({ name }) => name === token.name), before)
        assert.strictEqual(missing._tag, "TokenNotFound")
      }))

    it.effect("writes into the audit log who made and who revoked a token, and nothing of what was refused", () =>
      Effect.gen(function*() {
        const tokens = yield* TokenStore
        const token = freshToken()
        yield* tokens.create(token, admin)
        yield* Effect.flip(tokens.create({ ...token, hash: freshToken().hash }, { name: "eve", role: "admin" }))
        yield* tokens.revoke(token.name, { name: "olga", role: "admin" })
        yield* tokens.revoke(token.name, { name: "eve", role: "admin" })

        const entries = yield* auditOf(token.name)

        assert.deepStrictEqual(entries.map(({ action, actor }) => [actor, action]), [
          ["ada", "token.create"],
          ["olga", "token.revoke"]
        ])
        assert.deepStrictEqual(entries.map(({ detail }) => detail), [{ role: "operator" }, {}])
      }))
  })
