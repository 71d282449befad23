/** Bearer tokens in memory. */
import type { Actor, TokenView } from "#domain/Access.ts"
import { Effect, Layer, Option, Result } from "effect"
import { TokenNameTaken, TokenNotFound, TokenStore } from "../TokenStore.ts"
import { MemoryDatabase } from "./MemoryDatabase.ts"
import type { TokenRow } from "./Tables.ts"

const viewOf = ({ createdAt, name, revokedAt, role }: TokenRow): TokenView => ({
  name,
  role,
  createdAt: new Date(createdAt).toISOString(),
  revokedAt: revokedAt === undefined ? null : new Date(revokedAt).toISOString()
})

const firstMade = (a: TokenRow, b: TokenRow): number => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1)

/** `source`: program and instance that the event log names as the writer. */
export const layer = ({ source }: { readonly source: string }): Layer.Layer<TokenStore, never, MemoryDatabase> =>
  Layer.effect(
    TokenStore,
    Effect.gen(function*() {
      const database = yield* MemoryDatabase
      return TokenStore.of({
        create: (token, actor) =>
          database.write(source, "TokenStore.create", (transaction) => {
            const { now, tables } = transaction
            const known = tables.tokens.get(token.name)
            // Only this caller knows the token: whoever made the row with its hash is an earlier call of it.
            if (known?.hash === token.hash && known.role === token.role && known.revokedAt === undefined) {
              return Result.succeed(viewOf(known))
            }
            if (known !== undefined) return Result.fail(new TokenNameTaken({ name: token.name }))
            const row: TokenRow = { ...token, createdAt: now, revokedAt: undefined }
            tables.tokens.set(token.name, row)
            transaction.audit(actor, "token.create", token.name, { role: token.role })
            return Result.succeed(viewOf(row))
          }).pipe(Effect.flatMap(Effect.fromResult)),
        list: database.read("TokenStore.list", ({ tokens }) => [...tokens.values()].toSorted(firstMade).map(viewOf)),
        revoke: (name, actor) =>
          database.write(source, "TokenStore.revoke", (transaction) => {
            const row = transaction.tables.tokens.get(name)
            if (row === undefined) return Result.fail(new TokenNotFound({ name }))
            if (row.revokedAt === undefined) {
              row.revokedAt = transaction.now
              transaction.audit(actor, "token.revoke", name)
            }
            return Result.succeed(undefined)
          }).pipe(Effect.flatMap(Effect.fromResult)),
        find: (hash) =>
          database.read("TokenStore.find", ({ tokens }): Option.Option<Actor> => {
            for (const { hash: own, name, revokedAt, role } of tokens.values()) {
              if (own === hash && revokedAt === undefined) return Option.some({ name, role })
            }
            return Option.none()
          })
      })
    })
  )
