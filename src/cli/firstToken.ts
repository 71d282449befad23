/**
 * The first token of a system that is set up by machines: they choose it, and nobody has to read it off a screen.
 *
 * Its name comes from its hash, so that another value of ODTO_ADMIN_TOKEN is another token, and the one before can be
 * revoked by its name.
 */
import { cliActor } from "#domain/Access.ts"
import * as bearerToken from "#infra/http/bearerToken.ts"
import { TokenStore } from "#services/ports/TokenStore.ts"
import { Effect, Option, Redacted, Runtime, Schema } from "effect"
import { exitCodes } from "./exitCodes.ts"

/** Hex digits of the hash in the name: enough to tell tokens apart, far from enough to find one. */
const digits = 8

/** The token was made before, and somebody has revoked it. */
export class AdminTokenRevoked extends Schema.TaggedError<AdminTokenRevoked>()("AdminTokenRevoked", {
  name: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.configuration
  override get message() {
    return `the token in ODTO_ADMIN_TOKEN was revoked as ${this.name}: set another one`
  }
}

/** Makes the token of the setting one of an administrator, unless it is one already. */
export const ensureAdminToken = Effect.fnUntraced(function*(token: Redacted.Redacted) {
  const tokens = yield* TokenStore
  const hash = bearerToken.hash(Redacted.value(token))
  const name = `admin-${hash.slice(0, digits)}`
  const holder = yield* tokens.find(hash)
  if (Option.isSome(holder)) return { name: holder.value.name, created: false }
  yield* tokens.create({ name, role: "admin", hash }, cliActor).pipe(
    Effect.catchTag("TokenNameTaken", () => Effect.fail(new AdminTokenRevoked({ name })))
  )
  return { name, created: true }
})
