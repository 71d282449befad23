/** The last line: what was said last, or the keys that matter here. */
import { formHintOf, formKeys } from "../form/pressInForm.ts"
import { shownKey } from "../keys/keyNames.ts"
import { keysNow } from "../keys/keyTable.ts"
import { asManyAsFit, type Line, lineWidth, span } from "../Line.ts"
import { plain } from "../plainText.ts"
import { type State, topOf } from "../State.ts"

const hintOf = (key: string, label: string, isAscii: boolean): Line => [
  span(shownKey(key, isAscii), "key"),
  span(` ${label}`, "dim")
]

/** What matters most first: the line is cut where the room ends. */
const order = ["Act", "Move", "Look", "Dashboard"]

/** `last` is there however narrow it is. */
interface Hints {
  readonly first: ReadonlyArray<Line>
  readonly last?: Line
}

const hints = (state: State, isAscii: boolean): Hints => {
  const all = (...of: ReadonlyArray<readonly [key: string, label: string]>): Hints => ({
    first: of.map(([key, label]) => hintOf(key, label, isAscii))
  })
  const { form } = state
  if (state.question !== undefined) return all([state.question.key, "yes"], ["esc", "no"])
  if (form !== undefined) {
    return all(...formKeys.flatMap((each) => {
      const hint = formHintOf(form, each)
      return hint === undefined ? [] : [[each.keys[0], hint] as const]
    }))
  }
  if (state.prompt !== undefined) return all(["enter", "take"], ["esc", "close"])
  if (state.help !== undefined) return all(["esc", "close"], ["down", "scroll"])
  const isOutermost = state.stack.length === 1 && topOf(state).view === "overview"
  const hinted = keysNow(state).filter(({ hint, keys: [key] }) => hint !== undefined && !(isOutermost && key === "esc"))
  const lineOf = ({ hint = "", keys: [key] }: (typeof hinted)[number]) => hintOf(key, hint, isAscii)
  const help = hinted.find(({ keys }) => keys[0] === "?")
  const palette = hinted.filter(({ keys }) => keys[0] === ":")
  const others = hinted.filter((binding) => binding !== help && !palette.includes(binding))
  return {
    first: [...others.toSorted((a, b) => order.indexOf(a.group) - order.indexOf(b.group)), ...palette].map(lineOf),
    ...(help === undefined ? {} : { last: lineOf(help) })
  }
}

const between = span("  ")

const hintLine = (state: State, columns: number, isAscii: boolean): Line => {
  const { first, last } = hints(state, isAscii)
  if (last === undefined) return asManyAsFit(first, columns)
  const before = asManyAsFit(first, columns - lineWidth([between, ...last]))
  return before.length === 0 ? last : [...before, between, ...last]
}

export const footerLine = (state: State, columns: number, isAscii: boolean): Line =>
  state.toast === undefined
    ? [span(" "), ...hintLine(state, columns - 2, isAscii)]
    : [span(" "), span(plain(state.toast.text), state.toast.tone)]
