/** How the screen is divided, for every size: it never refuses, it leaves out. */
import { plain, wrapWords } from "./plainText.ts"
import type { State } from "./State.ts"
import { troublesOf } from "./troubles.ts"

export type Tier = "narrow" | "normal" | "wide"

/** Below 80 columns, up to 119, from 120. */
export const tierOf = (columns: number): Tier => columns < 80 ? "narrow" : columns < 120 ? "normal" : "wide"

export interface Layout {
  readonly tier: Tier
  readonly columns: number
  readonly rows: number
  /** Lines of each part; zero where there is no room for it. */
  readonly header: number
  readonly body: number
  /** Why something is missing or old, below the body. */
  readonly notice: number
  /** Palette, filter or question, above the footer. */
  readonly panel: number
  readonly footer: number
}

/** Suggestions of the palette that are shown at once. */
export const shownSuggestions = 6
/** The body keeps this many lines when a panel is open, where there are so many. */
const leastBody = 3

/** A question of one line keeps some room around it. */
const leastQuestion = 3

/** The question, whole: nobody can answer what is not there to be read. */
export const questionText = ({ question, size }: State): ReadonlyArray<string> =>
  question === undefined ? [] : wrapWords(plain(question.text), Math.max(4, size.columns - 2))

/** Lines that troubles take at most: two causes at forty columns. */
const mostNotice = 6

/** What is wrong, whole as far as there is room. */
export const noticeText = (state: State): ReadonlyArray<string> =>
  state.form !== undefined || state.help !== undefined
    ? []
    : troublesOf(state).flatMap((text) => wrapWords(plain(text), Math.max(4, state.size.columns - 4)))

/** Lines of the panel in `room` lines that body and panel have together. */
const panelIn = (state: State, room: number): number => {
  if (state.question !== undefined) {
    const lines = questionText(state).length
    return Math.min(room, Math.max(lines, Math.min(leastQuestion, room - leastBody)))
  }
  if (state.prompt === undefined) return 0
  const wanted = state.prompt.kind === "filter" ? 2 : shownSuggestions + 1
  // What is typed is always seen.
  return Math.min(room, Math.max(1, Math.min(wanted, room - leastBody)))
}

export const layoutOf = (state: State): Layout => {
  const { columns, rows } = state.size
  const header = rows >= 6 ? 2 : rows >= 3 ? 1 : 0
  const footer = rows >= 5 ? 1 : 0
  const panel = panelIn(state, rows - header - footer)
  const room = rows - header - footer - panel
  const notice = Math.max(0, Math.min(noticeText(state).length, mostNotice, room - leastBody))
  return {
    tier: tierOf(columns),
    columns,
    rows,
    header,
    footer,
    panel,
    notice,
    body: Math.max(0, room - notice)
  }
}

/** Lines of a table below its head. */
export const tableRows = (state: State): number => Math.max(0, layoutOf(state).body - 1)
