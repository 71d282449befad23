/** `?`: every key that means something here, from the table of keys. */
import { filterNames } from "../jobQuery.ts"
import { shownKey } from "../keys/keyNames.ts"
import { keysNow } from "../keys/keyTable.ts"
import { blank, type Line, line, span } from "../Line.ts"
import { fit, wrapWords } from "../plainText.ts"
import { type State, topOf } from "../State.ts"
import { views } from "../views.ts"

const groups = ["Move", "Look", "Act", "Dashboard"] as const

const keyColumns = 16

export const helpLines = (state: State, isAscii: boolean): ReadonlyArray<Line> => {
  const frame = topOf(state)
  const { columns } = state.size
  const bindings = keysNow(state)
  const keysOf = (group: (typeof groups)[number]) => bindings.filter((binding) => binding.group === group)
  return [
    line(` Keys in ${views[frame.view].title.toLowerCase()}`, "title"),
    ...groups.filter((group) => keysOf(group).length > 0).flatMap((group) =>
      [blank, line(` ${group}`, "strong")].concat(
        keysOf(group).flatMap((binding) =>
          wrapWords(binding.label, Math.max(8, columns - keyColumns - 3)).map((text, index): Line => [
            span(
              `  ${fit(index === 0 ? binding.keys.map((key) => shownKey(key, isAscii)).join(" ") : "", keyColumns)}`,
              "key"
            ),
            span(text)
          ])
        )
      )
    ),
    ...(views[frame.view].list === undefined ? [] : [
      blank,
      line(" Filter", "strong"),
      ...[
        filterNames.map((name) => `${name}:`).join(" "),
        "several values with commas; other words narrow what is held"
      ].flatMap((text) => wrapWords(text, Math.max(8, columns - 3)).map((part) => line(`  ${part}`, "dim")))
    ])
  ]
}
