/** What keys act on in the list that is shown, and the part of the list that is on the screen. */
import { tableRows } from "./layout.ts"
import { type State, topOf, withTop } from "./State.ts"
import { tableOf } from "./views.ts"
import { windowOf } from "./Window.ts"

/** The window of the table that is shown. */
export const windowNow = (state: State) => {
  const frame = topOf(state)
  const table = tableOf(frame)
  const height = tableRows(state)
  const count = table?.count(state, frame) ?? 0
  const index = selectedIndex(state)
  const { anchor, scroll } = frame
  return {
    ...windowOf({ count, height, index, anchor, scroll }),
    count,
    height,
    index
  }
}

/** Index of the row that keys act on; -1 when there is none. */
export const selectedIndex = (state: State): number => {
  const frame = topOf(state)
  return frame.selected === undefined ? -1 : tableOf(frame)?.indexOf(state, frame, frame.selected) ?? -1
}

/** Id of the row that keys act on. */
export const selectedId = (state: State): string | undefined => {
  const frame = topOf(state)
  const index = selectedIndex(state)
  return index < 0 ? undefined : tableOf(frame)?.idAt(state, frame, index)
}

/** Where a list does not follow its newest its first row is picked once, and stays picked wherever it comes to lie. */
export const withPick = (state: State): State => {
  const frame = topOf(state)
  const table = tableOf(frame)
  if (table === undefined || table.follows || frame.selected !== undefined) return state
  const first = table.idAt(state, frame, 0)
  return first === undefined ? state : withTop(state, { selected: first, anchor: 0, scroll: 0 })
}
