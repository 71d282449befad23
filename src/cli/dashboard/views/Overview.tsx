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

/** Panels by column, most important first: what does not fit is reached by scrolling. */
const columnsOf = ({ columns, state }: ViewProps, signs: Signs): ReadonlyArray<ReadonlyArray<Panel>> => {
  const width = tierOf(columns) === "narrow" ? columns : Math.floor(columns / 2)
  const parts = {
    jobs: jobsPanel(state, signs),
    rates: ratesPanel(state, width - 2, signs),
    queues: queuesPanel(state, 8, signs),
    latency: latencyPanel(state, 8, signs),
    alerts: alertsPanel(state, 5, signs),
    dependencies: dependenciesPanel(state, signs),
    workers: workersPanel(state, signs)
  }
  switch (tierOf(columns)) {
    case "narrow":
      return [[parts.jobs, parts.alerts, parts.rates, parts.queues, parts.workers, parts.dependencies, parts.latency]]
    case "normal":
      return [[parts.jobs, parts.alerts, parts.workers], [parts.rates, parts.queues, parts.dependencies, parts.latency]]
    case "wide":
      return [
        [parts.jobs, parts.alerts, parts.workers, parts.dependencies],
        [parts.rates, parts.queues, parts.latency]
      ]
  }
}

export const Overview = (props: ViewProps): ReactElement => {
  const theme = useTheme()
  const signs = { glyph: theme.glyph, set: theme.glyphs }
  const parts = columnsOf(props, signs).map(drawn)
  const longest = Math.max(...parts.map(({ length }) => length))
  const first = Math.min(topOf(props.state).scroll, Math.max(0, longest - props.height))
  const left = parts.length === 1 ? props.columns : Math.floor(props.columns * 0.42)
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
