/** How far a text can be scrolled: as far as its last line comes onto the screen, so that the way back begins at once. */
import { glyph } from "./glyphs.ts"
import { jobContent } from "./jobDetail.ts"
import { layoutOf } from "./layout.ts"
import { overviewColumns } from "./overviewColumns.ts"
import { helpLines } from "./parts/help.ts"
import { type State, topOf } from "./State.ts"

/** Every sign is one column wide: which of them are drawn changes no line. */
const signs = { glyph: (name: Parameters<typeof glyph>[0]) => glyph(name, "ascii"), set: "ascii" } as const

/** Lines of what is shown, and how many of them there is room for. */
const extentOf = (state: State): { readonly lines: number; readonly room: number } => {
  const { body, columns } = layoutOf(state)
  if (state.help !== undefined) return { lines: helpLines(state, true).length, room: body }
  switch (topOf(state).view) {
    case "job":
      // Below the tabs.
      return { lines: jobContent(state, columns, signs.glyph).length, room: Math.max(0, body - 1) }
    case "overview":
      return {
        lines: Math.max(...overviewColumns(state, columns, body, signs).map(({ lines }) => lines.length)),
        room: body
      }
    default:
      return { lines: 0, room: 0 }
  }
}

/** The scroll nearest to the one that is asked for. */
export const scrollable = (state: State, scroll: number): number => {
  if (scroll <= 0) return 0
  const { lines, room } = extentOf(state)
  return Math.min(scroll, Math.max(0, lines - room))
}

/** The line of the text that comes first on the screen; it may have become shorter since somebody scrolled. */
export const firstLineShown = (state: State): number => scrollable(state, state.help?.scroll ?? topOf(state).scroll)
