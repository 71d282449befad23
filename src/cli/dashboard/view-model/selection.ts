/** What keys act on in the list that is shown, and the part of the list that is on the screen. */
import { tableRows } from "./layout.ts"
import { type State, topOf } from "./State.ts"
import { tableOf } from "./views.ts"
import { windowOf } from "./Window.ts"

/** The window of the table that is shown. */
export const windowNow = (state: State) => {
  const frame = topOf(state)
  const table = tableOf(frame)
  const height = tableRows(state)
  const count = table?.count(state, frame) ?? 0
  const index = table === undefined ? -1 : selectedIndex(state)
  return { ...windowOf({ count, height, index, anchor: frame.anchor, scroll: frame.scroll }), count, height, index }
}

/** Index of the row that keys act on; -1 when there is none. */
export const selectedIndex = (state: State): number => {
  const frame = topOf(state)
  const table = tableOf(frame)
  if (table === undefined) return -1
  const found = frame.selected === undefined ? -1 : table.indexOf(state, frame, frame.selected)
  if (found >= 0 || table.follows) return found
  return table.count(state, frame) > 0 ? 0 : -1
}

/** Id of the row that keys act on. */
export const selectedId = (state: State): string | undefined => {
  const frame = topOf(state)
  const index = selectedIndex(state)
  return index < 0 ? undefined : tableOf(frame)?.idAt(state, frame, index)
}
