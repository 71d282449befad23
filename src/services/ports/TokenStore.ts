/** Bearer tokens; only their SHA-256 is stored. */
import type { Actor, Role, TokenView } from "#domain/Access.ts"
import { Context, type Effect, type Option, Schema } from "effect"
import type { StoreError } from "./StoreError.ts"

export class TokenNameTaken extends Schema.TaggedError<TokenNameTaken>()("TokenNameTaken", { name: Schema.String }) {
  override get message() {
    return `there is a token ${this.name} already`
  }
}
export class TokenNotFound extends Schema.TaggedError<TokenNotFound>()("TokenNotFound", { name: Schema.String }) {
  override get message() {
    return `there is no token ${this.name}`
  }
}

export class TokenStore extends Context.Service<TokenStore, {
  /** `hash`: SHA-256 of the token, hex. A revoked name may not be used again: the audit log names it. */
  readonly create: (
    token: { readonly name: string; readonly role: Role; readonly hash: string },
    actor: Actor
  ) => Effect.Effect<TokenView, TokenNameTaken | StoreError>
  readonly list: Effect.Effect<ReadonlyArray<TokenView>, StoreError>
  readonly revoke: (name: string, actor: Actor) => Effect.Effect<void, TokenNotFound | StoreError>
  /** The live token with this hash. */
  readonly find: (hash: string) => Effect.Effect<Option.Option<Actor>, StoreError>
}>()("odto/services/TokenStore") {}
