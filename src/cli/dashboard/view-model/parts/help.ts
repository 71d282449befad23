/** `?`: every key that means something here, from the table of keys. */
import { filterNames } from "../jobQuery.ts"
import { shownKey } from "../keys/keyNames.ts"
import { keysNow } from "../keys/keyTable.ts"
import { blank, type Line, line, span } from "../Line.ts"
import { fit } from "../plainText.ts"
import { type State, topOf } from "../State.ts"
import { views } from "../views.ts"

const groups = ["Move", "Look", "Act", "Dashboard"] as const

export const helpLines = (state: State, isAscii: boolean): ReadonlyArray<Line> => {
  const frame = topOf(state)
  const bindings = keysNow(state)
  const keysOf = (group: (typeof groups)[number]) => bindings.filter((binding) => binding.group === group)
  return [
    line(` Keys in ${views[frame.view].title.toLowerCase()}`, "title"),
    ...groups.filter((group) => keysOf(group).length > 0).flatMap((group) =>
      [blank, line(` ${group}`, "strong")].concat(
        keysOf(group).map((binding): Line => [
          span(`  ${fit(binding.keys.map((key) => shownKey(key, isAscii)).join(" "), 16)}`, "key"),
          span(binding.label)
        ])
      )
    ),
    ...(views[frame.view].list === undefined ? [] : [
      blank,
      line(" Filter", "strong"),
      line(`  ${filterNames.map((name) => `${name}:`).join(" ")}`, "dim"),
      line("  several values with commas; other words narrow what is held", "dim")
    ])
  ]
}
