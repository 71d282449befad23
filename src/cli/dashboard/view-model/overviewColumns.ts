/** The panels of the overview in as many columns as there is room for. */
import { tierOf } from "./layout.ts"
import { blank, type Line, line, span } from "./Line.ts"
import {
  alertsPanel,
  dependenciesPanel,
  jobsPanel,
  type Panel,
  ratesPanel,
  type Signs,
  workersPanel
} from "./overview.ts"
import { eventsPanel, latencyPanel, queuesPanel } from "./overviewLists.ts"
import type { State } from "./State.ts"

const drawn = (panels: ReadonlyArray<Panel>): ReadonlyArray<Line> =>
  panels.flatMap(({ lines, title }) => [
    line(` ${title}`, "strong"),
    ...lines.map((each): Line => [span("  "), ...each]),
    blank
  ])

/** The left of two columns is for short lines. */
const leftColumns = (columns: number): number => Math.min(56, Math.floor(columns * 0.4))
/** Rows of a list, however low the terminal is. */
const leastRows = 5

/** Panels by column, most important first: what does not fit is reached by scrolling. */
const columnsOf = (
  state: State,
  columns: number,
  height: number,
  signs: Signs
): ReadonlyArray<ReadonlyArray<Panel>> => {
  const width = (tierOf(columns) === "narrow" ? columns : columns - leftColumns(columns)) - 3
  const rows = Math.max(leastRows, Math.floor(height / 4))
  const parts = {
    jobs: jobsPanel(state, signs),
    rates: ratesPanel(state, width, signs),
    queues: queuesPanel(state, width, rows, signs),
    latency: latencyPanel(state, width, rows, signs),
    events: eventsPanel(state, width, rows, signs),
    alerts: alertsPanel(state, 5, signs),
    dependencies: dependenciesPanel(state, signs),
    workers: workersPanel(state, signs)
  }
  switch (tierOf(columns)) {
    case "narrow":
      return [[
        parts.jobs,
        parts.alerts,
        parts.rates,
        parts.queues,
        parts.workers,
        parts.dependencies,
        parts.latency,
        parts.events
      ]]
    case "normal":
    case "wide":
      return [
        [parts.jobs, parts.alerts, parts.workers, parts.dependencies],
        [parts.rates, parts.queues, parts.latency, parts.events]
      ]
  }
}

export interface OverviewColumn {
  readonly lines: ReadonlyArray<Line>
  readonly columns: number
}

/** Every line of the overview: as many are drawn as there is room for. */
export const overviewColumns = (
  state: State,
  columns: number,
  height: number,
  signs: Signs
): ReadonlyArray<OverviewColumn> => {
  const parts = columnsOf(state, columns, height, signs).map(drawn)
  const left = parts.length === 1 ? columns : leftColumns(columns)
  return parts.map((lines, index) => ({ lines, columns: index === 0 ? left : columns - left }))
}
