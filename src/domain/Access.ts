/** Who may do what: bearer tokens with one of three roles, each including the one before it. */
import { Schema } from "effect"

export const Role = Schema.Literals(["viewer", "operator", "admin"]).annotate({ identifier: "Role" })
export type Role = typeof Role.Type

const ranks: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 }

/** Whether who `has` a role may do what `needs` one. */
export const permits = (has: Role, needs: Role): boolean => ranks[has] >= ranks[needs]

/** Who did something, as the audit log and events name it; also the scope of idempotency keys. */
export interface Actor {
  /** Name of the token, `local` without tokens on loopback, `cli` for a command with the database in hand. */
  readonly name: string
  readonly role: Role
}

export const localActor: Actor = { name: "local", role: "admin" }
export const cliActor: Actor = { name: "cli", role: "admin" }

/** Only the SHA-256 of a token is stored. */
export const TokenView = Schema.Struct({
  name: Schema.String,
  role: Role,
  createdAt: Schema.String,
  revokedAt: Schema.NullOr(Schema.String)
}).annotate({ identifier: "Token" })
export type TokenView = typeof TokenView.Type

export const TokenName = Schema.String.check(
  Schema.isPattern(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/u, {
    message: "a token name is 1 to 63 letters, digits, '.', '_' or '-'"
  })
).annotate({ identifier: "TokenName" })
