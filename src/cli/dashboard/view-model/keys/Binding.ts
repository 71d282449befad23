/** What a key does, and where: from these lines come the handling of keys, `?`, the hints below, the palette and the README. */
import { permits, type Role } from "#domain/Access.ts"
import type { Command } from "../Command.ts"
import type { Message } from "../Message.ts"
import type { ViewName } from "../Route.ts"
import { type State, topOf } from "../State.ts"
import { tableOf } from "../views.ts"

/** What a key leads to: changes of the screen, and things to do. */
export interface Reaction {
  readonly messages?: ReadonlyArray<Message>
  readonly commands?: ReadonlyArray<Command>
}

/** `anywhere`: in every view; `list`: in views that are tables; else in single views. */
export type Scope = "anywhere" | "list" | ViewName

export interface Binding {
  /** Names as of `keyNames.ts`; the first is the one that is told. */
  readonly keys: readonly [string, ...ReadonlyArray<string>]
  /** What it does, as in "j: move down". Also its name in the palette. */
  readonly label: string
  /** The palette's name for it as things are now: what would be done to what. Default: the label. */
  readonly nameNow?: (state: State) => string
  /** For the line at the bottom; absent where it is not worth the room. */
  readonly hint?: string
  readonly group: "Move" | "Look" | "Act" | "Dashboard"
  readonly scopes: readonly [Scope, ...ReadonlyArray<Scope>]
  /** The role that it needs. Default: viewer. Nothing that needs more is offered in read-only mode. */
  readonly needs?: Role
  /** Whether it makes sense now; default: always. A key that makes none says so. */
  readonly reaction: (state: State) => Reaction
}

export const told = (...messages: ReadonlyArray<Message>): Reaction => ({ messages })
export const done = (...commands: ReadonlyArray<Command>): Reaction => ({ commands })
export const warned = (text: string): Reaction => told({ _tag: "Said", toast: { text, tone: "warn" } })

/** Whether whoever sits here may do it, as far as the gateway has said. */
export const isPermitted = (state: State, { needs = "viewer" }: Pick<Binding, "needs">): boolean =>
  needs === "viewer" || (!state.isReadOnly && state.role !== undefined && permits(state.role, needs))

/** Whether the key means something in the view that is shown, to whoever looks at it. */
export const holds = (state: State, binding: Binding): boolean => {
  const frame = topOf(state)
  return isPermitted(state, binding) &&
    binding.scopes.some((scope) =>
      scope === "anywhere" || scope === frame.view || (scope === "list" && tableOf(frame) !== undefined)
    )
}
