/**
 * Grafana dashboards as code: rows of panels, each with its queries, laid out and numbered here.
 *
 * What is written is what Grafana 10 and newer provision from files. Ids and positions follow from the order, so that
 * the same code always makes the same JSON.
 */

export interface Query {
  readonly expr: string
  /** Grafana's template of the name in the legend, for instance `{{queue}}`. */
  readonly legend: string
}

export interface Panel {
  readonly title: string
  /** What a reader should think of it; shown behind the panel's info sign. */
  readonly about: string
  readonly kind: "stat" | "timeseries" | "table"
  readonly unit: Unit
  readonly queries: ReadonlyArray<Query>
  /** Of the 24 columns. Default: an equal part of the row. */
  readonly width?: number
  /** From this value on it is shown in red. */
  readonly alarmFrom?: number
  /** Below this value it is shown in red. */
  readonly alarmBelow?: number
}

/** Grafana's names of units. */
export type Unit = "short" | "none" | "s" | "percentunit" | "reqps" | "ops" | "bytes" | "bool_on_off"

export interface Variable {
  readonly name: "program" | "queue" | "type"
  readonly label: string
  /** The metric whose values of the label are offered. */
  readonly metric: string
}

export interface Row {
  readonly title: string
  readonly panels: ReadonlyArray<Panel>
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly about: string
  readonly variables: ReadonlyArray<Variable>
  readonly rows: ReadonlyArray<Row>
}

const columns = 24
const heights = { stat: 4, timeseries: 8, table: 8 } as const
const datasource = { type: "prometheus", uid: "prometheus" } as const
const refIds = "ABCDEFGH"

const thresholdsOf = ({ alarmBelow, alarmFrom }: Panel) => ({
  mode: "absolute",
  steps: alarmBelow === undefined
    ? [{ color: "green", value: null }, ...(alarmFrom === undefined ? [] : [{ color: "red", value: alarmFrom }])]
    : [{ color: "red", value: null }, { color: "green", value: alarmBelow }]
})

const panelJson = (
  panel: Panel,
  id: number,
  position: { readonly x: number; readonly y: number; readonly w: number }
) => ({
  id,
  type: panel.kind,
  title: panel.title,
  description: panel.about,
  datasource,
  gridPos: { ...position, h: heights[panel.kind] },
  fieldConfig: {
    defaults: { unit: panel.unit, min: 0, thresholds: thresholdsOf(panel) },
    overrides: []
  },
  options: panel.kind === "stat"
    ? { colorMode: "value", graphMode: "area", reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false } }
    : panel.kind === "timeseries"
    ? {
      legend: { displayMode: "list", placement: "bottom", showLegend: true },
      tooltip: { mode: "multi", sort: "desc" }
    }
    : { showHeader: true },
  targets: panel.queries.map(({ expr, legend }, index) => ({
    refId: refIds[index],
    datasource,
    expr,
    legendFormat: legend,
    ...(panel.kind === "timeseries" ? { range: true } : { instant: true, range: panel.kind === "stat" }),
    ...(panel.kind === "table" ? { format: "table" } : {})
  }))
})

const variableJson = ({ label, metric, name }: Variable) => ({
  name,
  label,
  type: "query",
  datasource,
  query: { query: `label_values(${metric}, ${name})`, refId: name },
  refresh: 2,
  includeAll: true,
  allValue: ".+",
  multi: true,
  sort: 1,
  current: { text: "All", value: "$__all" }
})

/** Everything that Grafana reads from the file. */
export const dashboardJson = ({ about, rows, title, uid, variables }: Dashboard) => {
  let id = 0
  let y = 0
  const panels = rows.flatMap((row) => {
    const header = {
      id: ++id,
      type: "row",
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y: y++, w: columns, h: 1 }
    }
    let x = 0
    const cells = row.panels.map((panel) => {
      const w = panel.width ?? Math.floor(columns / row.panels.length)
      const cell = panelJson(panel, ++id, { x, y, w })
      x += w
      return cell
    })
    y += Math.max(...row.panels.map(({ kind }) => heights[kind]))
    return [header, ...cells]
  })
  return {
    uid,
    title,
    description: about,
    tags: ["odto"],
    schemaVersion: 39,
    version: 1,
    editable: false,
    refresh: "10s",
    time: { from: "now-30m", to: "now" },
    timezone: "browser",
    graphTooltip: 1,
    links: [{ type: "dashboards", tags: ["odto"], title: "Observatory", asDropdown: true, keepTime: true }],
    templating: { list: variables.map(variableJson) },
    annotations: {
      list: [{
        name: "Alerts",
        datasource,
        enable: true,
        iconColor: "red",
        expr: `ALERTS{alertstate="firing", severity!="none"}`,
        titleFormat: "{{alertname}}"
      }]
    },
    panels
  }
}
