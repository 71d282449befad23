/** Keys that change how something is looked at: filter, order, pause, help, the palette. */
import { type State, topOf } from "../State.ts"
import { tableOf } from "../views.ts"
import { type Binding, done, type Reaction, told, warned } from "./Binding.ts"

/** The next column to sort by, round and round; after the last the order of the source. */
const nextColumn = (state: State): Reaction => {
  const frame = topOf(state)
  const titles = (tableOf(frame)?.columns ?? []).filter(({ isSortable }) => isSortable).map(({ title }) =>
    title.toLowerCase()
  )
  if (titles.length === 0) return warned("this view has one order")
  const at = frame.sorting === undefined ? -1 : titles.indexOf(frame.sorting.column)
  return told({ _tag: "Sorted", column: titles[at + 1], descending: false })
}

const reversed = (state: State): Reaction => {
  const { sorting } = topOf(state)
  return sorting === undefined
    ? warned("choose a column with s first")
    : told({ _tag: "Sorted", column: sorting.column, descending: !sorting.descending })
}

export const lookingKeys: ReadonlyArray<Binding> = [
  {
    keys: ["/"],
    label: "filter",
    hint: "filter",
    group: "Look",
    scopes: ["list"],
    reaction: () => told({ _tag: "PromptOpened", kind: "filter" })
  },
  {
    keys: ["s"],
    label: "sort by the next column",
    hint: "sort",
    group: "Look",
    scopes: ["list"],
    reaction: nextColumn
  },
  { keys: ["S"], label: "turn the order round", group: "Look", scopes: ["list"], reaction: reversed },
  {
    keys: ["space"],
    label: "pause and go on; what happens meanwhile waits",
    hint: "pause",
    group: "Look",
    scopes: ["anywhere"],
    reaction: (state) => told({ _tag: "PauseToggled", now: state.now })
  },
  {
    keys: ["R", "ctrl+r"],
    label: "read everything anew",
    group: "Look",
    scopes: ["anywhere"],
    reaction: () => done({ _tag: "Refresh" })
  },
  {
    keys: [":"],
    label: "palette: go anywhere, do anything",
    hint: "go",
    group: "Dashboard",
    scopes: ["anywhere"],
    reaction: () => told({ _tag: "PromptOpened", kind: "palette" })
  },
  {
    keys: ["?"],
    label: "all keys",
    hint: "keys",
    group: "Dashboard",
    scopes: ["anywhere"],
    reaction: () => told({ _tag: "HelpToggled" })
  },
  {
    keys: ["ctrl+z"],
    label: "put the dashboard to sleep; `fg` wakes it",
    group: "Dashboard",
    scopes: ["anywhere"],
    reaction: () => done({ _tag: "Suspend" })
  },
  {
    keys: ["q", "ctrl+c"],
    label: "quit",
    hint: "quit",
    group: "Dashboard",
    scopes: ["anywhere"],
    reaction: () => done({ _tag: "Quit" })
  }
]
