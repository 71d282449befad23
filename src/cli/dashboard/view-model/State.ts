/** Everything that the screen shows, as one value. It is plain data: no React, no clock, no network. */
import type { Role } from "#domain/Access.ts"
import type { Command } from "./Command.ts"
import type { EventTail } from "./EventTail.ts"
import { emptyTail } from "./EventTail.ts"
import type { Form } from "./form/Form.ts"
import { emptyTable, type JobTable } from "./JobTable.ts"
import type { Told } from "./Message.ts"
import { type Frame, frameOf } from "./Route.ts"
import { noSources, type Sources } from "./sources.ts"

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** The stream of events. */
export interface Link {
  /**
   * `none`: nothing is followed, the screen is of one moment. `denied`: the token is not accepted. `refused`: whoever
   * answers has no such stream.
   */
  readonly state: "connecting" | "live" | "lost" | "denied" | "refused" | "none"
  /** Since when it is so, by this machine's clock. */
  readonly since: number
  readonly detail: string | undefined
}

/** A line that is being typed. */
export interface Prompt {
  readonly kind: "palette" | "filter" | "type"
  readonly text: string
  /** Chosen suggestion. */
  readonly choice: number
}

/** A question that only its own key answers with yes. */
export interface Question {
  /** What is about to happen, and to what. */
  readonly text: string
  /** The key that means yes: never the one that asked. */
  readonly key: string
  readonly command: Command
}

export interface Toast {
  readonly text: string
  readonly tone: "good" | "warn" | "bad"
}

/** What came while the screen stood still. */
export interface Pause {
  readonly since: number
  /** Messages to be taken in afterwards; bounded by `maxWaiting`. */
  readonly held: ReadonlyArray<Told>
  /** Events among them, and events that no longer fitted. */
  readonly waiting: number
  readonly dropped: number
}

export interface State {
  /** This machine's clock when something was last told. */
  readonly now: number
  readonly size: Size
  /** Undefined while the gateway has not said: no action is offered. */
  readonly role: Role | undefined
  readonly isReadOnly: boolean
  /** Who the system is: its addresses, for the header and the access points. */
  readonly gatewayUrl: string
  readonly readModelUrl: string
  readonly link: Link
  readonly sources: Sources
  readonly jobs: JobTable
  readonly dead: JobTable
  readonly tail: EventTail
  /** From the outermost view to the one that is shown. */
  readonly stack: readonly [Frame, ...ReadonlyArray<Frame>]
  readonly prompt: Prompt | undefined
  readonly question: Question | undefined
  readonly form: Form | undefined
  readonly help: { readonly scroll: number } | undefined
  readonly pause: Pause | undefined
  readonly toast: Toast | undefined
  /** What was run from the palette, last first. */
  readonly lastUsed: ReadonlyArray<string>
}

export interface Beginning {
  readonly now: number
  readonly size: Size
  readonly isReadOnly: boolean
  readonly gatewayUrl: string
  readonly readModelUrl: string
  /** Default: the overview. */
  readonly frame?: Frame
}

export const deadFilter = "status:dead"

export const initial = ({ frame = frameOf("overview"), ...beginning }: Beginning): State => ({
  ...beginning,
  role: undefined,
  link: { state: "connecting", since: beginning.now, detail: undefined },
  sources: noSources,
  jobs: emptyTable("", "newest", undefined),
  dead: emptyTable(deadFilter, "newest", undefined),
  tail: emptyTail,
  stack: [frame],
  prompt: undefined,
  question: undefined,
  form: undefined,
  help: undefined,
  pause: undefined,
  toast: undefined,
  lastUsed: []
})

/** The view that is shown. */
export const topOf = ({ stack }: State): Frame => stack[stack.length - 1] ?? stack[0]

export const withTop = (state: State, change: Partial<Frame>): State => {
  const frame = { ...topOf(state), ...change }
  const [first, ...rest] = state.stack
  return { ...state, stack: rest.length === 0 ? [frame] : [first, ...rest.slice(0, -1), frame] }
}
