/** What is open above the last line: the palette, the filter, or a question. */
import type { GlyphName } from "../glyphs.ts"
import { filterNames } from "../jobQuery.ts"
import { layoutOf, noticeText, questionText } from "../layout.ts"
import { type Line, line, lineWidth, type Span, span, spread } from "../Line.ts"
import { type Entry, suggestions } from "../palette.ts"
import { ending, fit, plain, widthOf, wrapWords } from "../plainText.ts"
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

/**
 * Entries of the palette, a line each. The chosen one is told whole, on as many lines as that takes; what is said about
 * names stands below each other.
 */
const entryLines = (
  entries: ReadonlyArray<Entry>,
  choice: number,
  columns: number,
  glyph: Glyph
): ReadonlyArray<ReadonlyArray<Line>> => {
  const names = Math.max(0, ...entries.filter(({ about }) => about !== "").map(({ name }) => widthOf(plain(name))))
  return entries.map((entry, index): ReadonlyArray<Line> => {
    const isChosen = index === choice
    const key = entry.key === "" ? "" : `  ${entry.key} `
    const room = Math.max(8, columns - 3 - widthOf(key))
    const name = plain(entry.name)
    const about = entry.about === "" ? "" : `  ${plain(entry.about)}`
    const lead = span(isChosen ? ` ${glyph("selected")} ` : "   ", "accent")
    const tone = isChosen ? "strong" : "text"
    const whole: Line = [span(about === "" ? name : fit(name, Math.min(names, room)), tone), span(about, "dim")]
    if (!isChosen || lineWidth(whole) <= room) return [spread([lead, ...whole], [span(key, "key")], columns)]
    return [
      ...wrapWords(name, room).map((text): ReadonlyArray<Span> => [span(text, tone)]),
      ...(about === "" ? [] : wrapWords(about.trim(), room).map((text) => [span(text, "dim")]))
    ].map((text, at) => spread([at === 0 ? lead : span("   "), ...text], at === 0 ? [span(key, "key")] : [], columns))
  })
}

const paletteLines = (state: State, columns: number, height: number, glyph: Glyph): ReadonlyArray<Line> => {
  const all = suggestions(state)
  const choice = Math.min(state.prompt?.choice ?? 0, Math.max(0, all.length - 1))
  const room = Math.max(0, height - 1)
  const first = Math.max(0, choice - room + 1)
  const entries = entryLines(all.slice(first, first + room), choice - first, columns, glyph)
  const end = entries.slice(0, choice - first + 1).flat().length
  const from = Math.max(0, end - room)
  return [
    typedSpans(state.prompt?.kind === "type" ? "new task of type: " : ":", state.prompt?.text ?? "", columns, glyph),
    ...(all.length === 0 ?
      [line("  nothing matches", "dim")] :
      entries.flat().slice(from, from + room))
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
