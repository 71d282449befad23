/** A table in a window: its head, and the rows that are on the screen. The others cost nothing. */
import type { ReactElement } from "react"
import type { Theme } from "../theme.ts"
import { type Line, line, span } from "../view-model/Line.ts"
import { viewStanding } from "../view-model/parts/header.ts"
import { placeColumns, type Placed } from "../view-model/placeColumns.ts"
import { fit, plain, widthOf } from "../view-model/plainText.ts"
import type { Frame } from "../view-model/Route.ts"
import { windowNow } from "../view-model/selection.ts"
import { type State, topOf } from "../view-model/State.ts"
import type { Cell, Table } from "../view-model/Table.ts"
import { Lines } from "./Lines.tsx"
import { useTheme } from "./Look.ts"

const headOf = (placed: ReadonlyArray<Placed>, frame: Frame, theme: Theme): Line =>
  placed.flatMap(({ align, title, width }) => {
    const isSorted = frame.sorting?.column === title.toLowerCase()
    const arrow = isSorted ? theme.glyph(frame.sorting?.descending ? "descending" : "ascending") : ""
    return [span(" "), span(fit(`${title}${arrow}`, width, align, theme.more), isSorted ? "accent" : "dim")]
  })

const none: Cell = { text: "" }

const cellText = (cell: Cell, theme: Theme): string => {
  const text = plain(cell.text)
  return cell.glyph === undefined ? text : `${theme.glyph(cell.glyph)} ${text}`
}

const rowOf = (placed: ReadonlyArray<Placed>, cells: ReadonlyArray<Cell>, theme: Theme): Line =>
  placed.flatMap(({ align, index, width }) => {
    const cell = cells[index] ?? none
    return [span(" "), span(fit(cellText(cell, theme), width, align, theme.more), cell.tone ?? "text")]
  })

export interface TableBodyProps {
  readonly state: State
  readonly table: Table
  readonly columns: number
  readonly height: number
}

export const TableBody = ({ columns, height, state, table }: TableBodyProps): ReactElement => {
  const theme = useTheme()
  const frame = topOf(state)
  const window = windowNow(state)
  const shown = Array.from(
    { length: window.length },
    (_, row) => table.cells(state, frame, window.first + row)
  )
  const texts = table.columns.map((_, column) => shown.map((cells) => widthOf(cellText(cells[column] ?? none, theme))))
  const placed = placeColumns(table, columns, texts.map((widths) => Math.max(0, ...widths)))
  const rows = window.count === 0
    // Why is said below.
    ? [line(` ${viewStanding(state).standing.state === "down" ? "not read" : table.empty(state, frame)}`, "dim")]
    : shown.map((cells) => rowOf(placed, cells, theme))
  const said = (index: number): string | undefined => {
    const cells = shown[index - 1]
    return cells === undefined
      ? undefined
      : `${table.noun} ${window.first + index} of ${window.count}${index - 1 === window.line ? ", selected" : ""}: ${
        placed.map(({ index: column, title }) => `${title.toLowerCase()} ${plain(cells[column]?.text ?? "")}`).join(
          ", "
        )
      }`
  }
  return (
    <Lines
      lines={[headOf(placed, frame, theme), ...rows]}
      columns={columns}
      height={height}
      selected={window.line < 0 ? -1 : window.line + 1}
      label={said}
    />
  )
}
