/** How the screen is divided, for every size: it never refuses, it leaves out. */
import type { State } from "./State.ts"

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
  /** Palette, filter or question, above the footer. */
  readonly panel: number
  readonly footer: number
}

/** Suggestions of the palette that are shown at once. */
export const shownSuggestions = 6
/** The body keeps this many lines when a panel is open, where there are so many. */
const leastBody = 3

const wantedPanel = ({ prompt, question }: State): number =>
  question !== undefined ? 3 : prompt === undefined ? 0 : prompt.kind === "filter" ? 2 : shownSuggestions + 1

export const layoutOf = (state: State): Layout => {
  const { columns, rows } = state.size
  const header = rows >= 6 ? 2 : rows >= 3 ? 1 : 0
  const footer = rows >= 5 ? 1 : 0
  const panel = Math.min(wantedPanel(state), Math.max(0, rows - header - footer - Math.min(leastBody, rows)))
  return {
    tier: tierOf(columns),
    columns,
    rows,
    header,
    footer,
    panel,
    body: Math.max(0, rows - header - footer - panel)
  }
}

/** Lines of a table below its head. */
export const tableRows = (state: State): number => Math.max(0, layoutOf(state).body - 1)
