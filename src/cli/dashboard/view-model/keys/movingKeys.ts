/** Keys that move: in lists, in texts, between views. */
import { tableRows } from "../layout.ts"
import { frameOf, jobTabs } from "../Route.ts"
import { selectedId } from "../selection.ts"
import { type State, topOf } from "../State.ts"
import { tableOf, views } from "../views.ts"
import { type Binding, type Reaction, told, warned } from "./Binding.ts"
import { entered } from "./entering.ts"

const by = (lines: (state: State) => number) => (state: State): Reaction => told({ _tag: "Moved", by: lines(state) })
const page = (state: State): number => Math.max(1, tableRows(state) - 1)
const half = (state: State): number => Math.max(1, Math.floor(tableRows(state) / 2))

const tab = (distance: number) => (state: State): Reaction => {
  const at = jobTabs.indexOf(topOf(state).tab)
  const next = jobTabs[(at + distance + jobTabs.length) % jobTabs.length]
  return next === undefined ? {} : told({ _tag: "TabChosen", tab: next })
}

const enter = (state: State): Reaction => {
  const frame = topOf(state)
  const id = selectedId(state)
  // The list moves on while nothing is selected: what is acted on must be picked first.
  if (id === undefined) {
    return (tableOf(frame)?.count(state, frame) ?? 0) === 0
      ? warned("there is nothing here to open")
      : told({ _tag: "Moved", by: 1 })
  }
  const next = entered(state, id)
  return next === undefined ? {} : told({ _tag: "Opened", frame: next })
}

export const movingKeys: ReadonlyArray<Binding> = [
  { keys: ["down", "j"], label: "move down", group: "Move", scopes: ["anywhere"], reaction: by(() => 1) },
  { keys: ["up", "k"], label: "move up", group: "Move", scopes: ["anywhere"], reaction: by(() => -1) },
  { keys: ["pagedown", "ctrl+f"], label: "page down", group: "Move", scopes: ["anywhere"], reaction: by(page) },
  {
    keys: ["pageup", "ctrl+b"],
    label: "page up",
    group: "Move",
    scopes: ["anywhere"],
    reaction: by((state) => -page(state))
  },
  { keys: ["ctrl+d"], label: "half a page down", group: "Move", scopes: ["anywhere"], reaction: by(half) },
  {
    keys: ["ctrl+u"],
    label: "half a page up",
    group: "Move",
    scopes: ["anywhere"],
    reaction: by((state) => -half(state))
  },
  {
    keys: ["g", "home"],
    label: "go to the first",
    group: "Move",
    scopes: ["anywhere"],
    reaction: () => told({ _tag: "Moved", to: "first" })
  },
  {
    keys: ["G", "end"],
    label: "go to the last that is held",
    group: "Move",
    scopes: ["anywhere"],
    reaction: () => told({ _tag: "Moved", to: "last" })
  },
  {
    keys: ["f"],
    label: "follow: select nothing, show the newest",
    hint: "follow",
    group: "Move",
    scopes: ["jobs", "dead", "events", "audit"],
    reaction: () => told({ _tag: "Followed" })
  },
  {
    keys: ["enter"],
    label: "open what is selected",
    hint: "open",
    group: "Move",
    scopes: ["jobs", "dead", "queues", "types", "events"],
    reaction: enter
  },
  {
    keys: ["esc"],
    label: "go back; at the outermost view clear filter and selection",
    hint: "back",
    group: "Move",
    scopes: ["anywhere"],
    reaction: () => told({ _tag: "WentBack" })
  },
  { keys: ["tab", "right", "l"], label: "next tab", hint: "tab", group: "Move", scopes: ["job"], reaction: tab(1) },
  { keys: ["shift+tab", "left", "h"], label: "previous tab", group: "Move", scopes: ["job"], reaction: tab(-1) },
  ...(["overview", "jobs", "queues", "types", "workers", "dead", "alerts", "events", "audit"] as const).map((
    view,
    index
  ): Binding => ({
    keys: [`${index + 1}`],
    label: `go to ${views[view].title.toLowerCase()}`,
    group: "Move",
    scopes: ["anywhere"],
    reaction: (state) =>
      topOf(state).view === view && state.stack.length === 1 ? {} : told({ _tag: "WentTo", view: frameOf(view).view })
  }))
]
