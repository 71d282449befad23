/** The last line: what was said last, or the keys that matter here. */
import { formKeys } from "../form/pressInForm.ts"
import { shownKey } from "../keys/keyNames.ts"
import { keysNow } from "../keys/keyTable.ts"
import { asManyAsFit, type Line, span } from "../Line.ts"
import { plain } from "../plainText.ts"
import { type State, topOf } from "../State.ts"

const hintOf = (key: string, label: string, isAscii: boolean): Line => [
  span(shownKey(key, isAscii), "key"),
  span(` ${label}`, "dim")
]

/** What matters most first: the line is cut where the room ends. */
const order = ["Act", "Move", "Look", "Dashboard"]

const hints = (state: State, isAscii: boolean): ReadonlyArray<Line> => {
  if (state.question !== undefined) return [hintOf(state.question.key, "yes", isAscii), hintOf("esc", "no", isAscii)]
  if (state.form !== undefined) return formKeys.map(({ keys: [key], label }) => hintOf(key, label, isAscii))
  if (state.prompt !== undefined) return [hintOf("enter", "take", isAscii), hintOf("esc", "close", isAscii)]
  if (state.help !== undefined) return [hintOf("esc", "close", isAscii), hintOf("down", "scroll", isAscii)]
  const isOutermost = state.stack.length === 1 && topOf(state).view === "overview"
  const hinted = keysNow(state).filter(({ hint, keys: [key] }) => hint !== undefined && !(isOutermost && key === "esc"))
  const always = hinted.filter(({ keys }) => keys[0] === "?" || keys[0] === ":")
  const others = hinted.filter((binding) => !always.includes(binding))
  return [...others.toSorted((a, b) => order.indexOf(a.group) - order.indexOf(b.group)), ...always].map(
    ({ hint = "", keys: [key] }) => hintOf(key, hint, isAscii)
  )
}

export const footerLine = (state: State, columns: number, isAscii: boolean): Line =>
  state.toast === undefined
    ? [span(" "), ...asManyAsFit(hints(state, isAscii), columns - 2)]
    : [span(" "), span(plain(state.toast.text), state.toast.tone)]
