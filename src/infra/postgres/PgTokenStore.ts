/** Bearer tokens in PostgreSQL. Each change and its entry in the audit log are one statement. */
import type { Actor, TokenView } from "#domain/Access.ts"
import { TokenNameTaken, TokenNotFound, TokenStore } from "#services/ports/TokenStore.ts"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { iso } from "./queries/jobRecords.ts"
import { storeError } from "./storeError.ts"

const view = `name, role, ${iso("created_at")} AS "createdAt", ${iso("revoked_at")} AS "revokedAt"`

export const layer = Layer.effect(
  TokenStore,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient

    return TokenStore.of({
      create: Effect.fnUntraced(function*({ hash, name, role }, actor) {
        yield* sql`
          WITH created AS (
            INSERT INTO token (name, role, hash) VALUES (${name}, ${role}, ${hash}) ON CONFLICT (name) DO NOTHING
            RETURNING name, role
          )
          INSERT INTO audit (actor, action, subject, detail)
          SELECT ${actor.name}, 'token.create', name, json_build_object('role', role) FROM created`
        // Only this caller knows the token: whoever made the row with its hash is this call or its repetition.
        const [token] = yield* sql<TokenView>`
          SELECT ${sql.literal(view)} FROM token WHERE name = ${name} AND hash = ${hash} AND role = ${role}
            AND revoked_at IS NULL`
        return token ?? (yield* new TokenNameTaken({ name }))
      }, storeError("create a token", "write")),
      list: sql<TokenView>`SELECT ${sql.literal(view)} FROM token ORDER BY created_at, name`.pipe(
        storeError("list the tokens", "read")
      ),
      revoke: Effect.fnUntraced(function*(name, actor) {
        yield* sql`
          WITH revoked AS (
            UPDATE token SET revoked_at = clock_timestamp() WHERE name = ${name} AND revoked_at IS NULL RETURNING name
          )
          INSERT INTO audit (actor, action, subject, detail)
          SELECT ${actor.name}, 'token.revoke', name, '{}'::json FROM revoked`
        const known = yield* sql`SELECT FROM token WHERE name = ${name}`
        if (known.length === 0) return yield* new TokenNotFound({ name })
      }, storeError("revoke a token", "write")),
      find: (hash) =>
        sql<Actor>`SELECT name, role FROM token WHERE hash = ${hash} AND revoked_at IS NULL`.pipe(
          Effect.map(([actor]) => Option.fromUndefinedOr(actor)),
          storeError("find a token", "read")
        )
    })
  })
)
