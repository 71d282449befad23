/** What the system does, what waits, what is wrong: panels in as many columns as there is room for. */
import { Box } from "ink"
import type { ReactElement } from "react"
import { Lines } from "../components/Lines.tsx"
import { useTheme } from "../components/Look.ts"
import { tierOf } from "../view-model/layout.ts"
import { blank, type Line, line, span } from "../view-model/Line.ts"
import {
  alertsPanel,
  dependenciesPanel,
  eventsPanel,
  jobsPanel,
  latencyPanel,
  type Panel,
  queuesPanel,
  ratesPanel,
  type Signs,
  workersPanel
} from "../view-model/overview.ts"
import { topOf } from "../view-model/State.ts"
import type { ViewProps } from "./ViewProps.ts"

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
const columnsOf = ({ columns, height, state }: ViewProps, signs: Signs): ReadonlyArray<ReadonlyArray<Panel>> => {
  const width = (tierOf(columns) === "narrow" ? columns : columns - leftColumns(columns)) - 3
  const rows = Math.max(leastRows, Math.floor(height / 4))
  const parts = {
    jobs: jobsPanel(state, signs),
    rates: ratesPanel(state, width, signs),
    queues: queuesPanel(state, rows, signs),
    latency: latencyPanel(state, width, rows, signs),
    events: eventsPanel(state, rows, signs),
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
      return [
        [parts.jobs, parts.alerts, parts.workers, parts.events],
        [parts.rates, parts.queues, parts.latency, parts.dependencies]
      ]
    case "wide":
      return [
        [parts.jobs, parts.alerts, parts.workers, parts.dependencies],
        [parts.rates, parts.queues, parts.latency, parts.events]
      ]
  }
}

export const Overview = (props: ViewProps): ReactElement => {
  const theme = useTheme()
  const signs = { glyph: theme.glyph, set: theme.glyphs }
  const parts = columnsOf(props, signs).map(drawn)
  const longest = Math.max(...parts.map(({ length }) => length))
  const first = Math.min(topOf(props.state).scroll, Math.max(0, longest - props.height))
  const left = parts.length === 1 ? props.columns : leftColumns(props.columns)
  return (
    <Box flexDirection="row" width={props.columns} height={props.height}>
      {parts.map((lines, index) => (
        <Lines
          key={index}
          lines={lines.slice(first, first + props.height)}
          columns={index === 0 ? left : props.columns - left}
          height={props.height}
        />
      ))}
    </Box>
  )
}
