/** What is open above the last line: the palette, the filter, or a question. */
import type { GlyphName } from "../glyphs.ts"
import { filterNames } from "../jobQuery.ts"
import { layoutOf, noticeText, questionText } from "../layout.ts"
import { type Line, line, span } from "../Line.ts"
import { suggestions } from "../palette.ts"
import { ending, fit, plain, shorten, widthOf } from "../plainText.ts"
import { type State, topOf } from "../State.ts"
import { filterProblems } from "../viewFilter.ts"
import { views } from "../views.ts"

type Glyph = (name: GlyphName) => string

/** The end of what is typed stays in sight. */
const typedSpans = (mark: string, text: string, columns: number, glyph: Glyph): Line => {
  const before = ` ${mark}`
  // The cursor takes a column.
  const room = Math.max(2, columns - widthOf(before) - 1)
  return [
    span(before, "key"),
    span(ending(plain(text), room), "strong"),
    span(glyph("cursor"), "accent")
  ]
}

const paletteLines = (state: State, columns: number, height: number, glyph: Glyph): ReadonlyArray<Line> => {
  const all = suggestions(state)
  const choice = Math.min(state.prompt?.choice ?? 0, Math.max(0, all.length - 1))
  const room = Math.max(0, height - 1)
  const first = Math.max(0, choice - room + 1)
  return [
    typedSpans(state.prompt?.kind === "type" ? "new task of type: " : ":", state.prompt?.text ?? "", columns, glyph),
    ...(all.length === 0 ?
      [line("  nothing matches", "dim")] :
      all.slice(first, first + room).map((entry, index): Line => {
        const isChosen = first + index === choice
        const name = shorten(plain(entry.name), Math.max(8, columns - 12))
        return [
          span(isChosen ? ` ${glyph("selected")} ` : "   ", "accent"),
          span(fit(name, Math.min(34, Math.max(8, columns - 10))), isChosen ? "strong" : "text"),
          span(` ${fit(entry.key, 8)}`, "key"),
          span(plain(entry.about), "dim")
        ]
      }))
  ]
}

const filterLines = (state: State, columns: number, glyph: Glyph): ReadonlyArray<Line> => {
  const text = state.prompt?.text ?? ""
  const { view } = topOf(state)
  const isJobs = views[view].list !== undefined
  const [problem] = filterProblems(view, text)
  return [
    typedSpans("/", text, columns, glyph),
    problem !== undefined
      ? line(` ${plain(problem)}`, "bad")
      : line(isJobs ? ` ${filterNames.map((name) => `${name}:`).join(" ")}` : " words that the rows must have", "dim")
  ]
}

/** What is wrong with the sources of the view. */
export const noticeLines = (state: State, glyph: Glyph): ReadonlyArray<Line> =>
  noticeText(state).map((text, index) => line(index === 0 ? ` ${glyph("down")} ${text}` : `   ${text}`, "bad"))

export const panelLines = (state: State, glyph: Glyph): ReadonlyArray<Line> => {
  const { columns, panel } = layoutOf(state)
  if (state.question !== undefined) return questionText(state).map((text) => line(` ${text}`, "warn")).slice(0, panel)
  if (state.prompt === undefined) return []
  return state.prompt.kind === "filter"
    ? filterLines(state, columns, glyph)
    : paletteLines(state, columns, panel, glyph)
}
