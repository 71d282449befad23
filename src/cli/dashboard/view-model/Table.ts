/**
 * A view that is a list: its columns, its rows, and how a row is found by its id.
 *
 * One definition serves the terminal, `--once`, `--json` and tests. Rows are picked by id, so that what keys act on
 * does not move with the list.
 */
import type { GlyphName } from "./glyphs.ts"
import type { Tone } from "./Line.ts"
import type { Frame, Sorting, ViewName } from "./Route.ts"
import type { State } from "./State.ts"

export interface Cell {
  /** Text of data, not yet made fit for a terminal. */
  readonly text: string
  /** Default: `text`. */
  readonly tone?: Tone
  /** The sign of the theme that goes before the text. */
  readonly glyph?: GlyphName
}

export interface Column<Row> {
  /** What people sort by: the title in lower case. */
  readonly title: string
  /** Columns of the terminal; the column with `rest` takes what remains, and at least its number. */
  readonly width: number | { readonly rest: number }
  /** Default: left. */
  readonly align?: "left" | "right"
  /** Columns that the view must have for this one to appear. Default: 0. */
  readonly from?: number
  readonly cell: (row: Row, state: State) => Cell
  /** What rows are ordered by; a column without it cannot be sorted by. */
  readonly value?: (row: Row) => string | number
}

export interface TableDefinition<Row> {
  readonly view: ViewName
  /** What a row is called: `job`, `queue`. */
  readonly noun: string
  readonly columns: ReadonlyArray<Column<Row>>
  /** The newest come first and nothing is selected until somebody moves. Default: the first row is. */
  readonly follows?: boolean
  readonly id: (row: Row) => string
  /** What is said where there is nothing. */
  readonly empty: (state: State, frame: Frame) => string
  /** Rows in the order of the source. Must answer the same array as long as nothing has changed. */
  readonly rows: (state: State) => ReadonlyArray<Row>
  /** Free words of the filter are looked for in this. Without it the view has no filter. */
  readonly words?: (row: Row) => string
  /** Rows in the order that is shown, where the view orders and filters them itself. */
  readonly shown?: (state: State, frame: Frame) => ReadonlyArray<Row>
  /** Index by id among what is shown. Default: the rows are looked through. */
  readonly indexOf?: (state: State, frame: Frame, id: string) => number
}

/** A table whatever its rows are. */
export interface Table {
  readonly view: ViewName
  readonly noun: string
  readonly follows: boolean
  readonly columns: ReadonlyArray<Required<Omit<Column<never>, "cell" | "value">> & { readonly isSortable: boolean }>
  readonly hasFilter: boolean
  readonly count: (state: State, frame: Frame) => number
  readonly idAt: (state: State, frame: Frame, index: number) => string | undefined
  readonly indexOf: (state: State, frame: Frame, id: string) => number
  /** Cells of the row at the index, by column. */
  readonly cells: (state: State, frame: Frame, index: number) => ReadonlyArray<Cell>
  readonly empty: (state: State, frame: Frame) => string
}

const compare = (a: string | number, b: string | number): number => a < b ? -1 : a > b ? 1 : 0

/** Orders rows by a column; equal ones by their ids, so that each row has one place. */
export const orderBy = <Row>(
  { columns, id }: Pick<TableDefinition<Row>, "columns" | "id">,
  sorting: Sorting | undefined
): ((a: Row, b: Row) => number) | undefined => {
  const value = columns.find(({ title }) => title.toLowerCase() === sorting?.column)?.value
  if (sorting === undefined || value === undefined) return undefined
  const sign = sorting.descending ? -1 : 1
  return (a, b) => sign * compare(value(a), value(b)) || compare(id(a), id(b))
}

/** The last answer, as long as it is asked for the same. */
export const remembering = <Key extends ReadonlyArray<unknown>, A>(make: (...key: Key) => A): (...key: Key) => A => {
  let last: { readonly key: Key; readonly value: A } | undefined
  return (...key) => {
    if (last !== undefined && last.key.every((part, index) => part === key[index])) return last.value
    last = { key, value: make(...key) }
    return last.value
  }
}

export const table = <Row>(definition: TableDefinition<Row>): Table => {
  const { columns, id } = definition
  const arrange = remembering((rows: ReadonlyArray<Row>, filter: string, sorting: Sorting | undefined) => {
    const wanted = filter.toLowerCase().split(/\s+/u).filter((word) => word !== "")
    const kept = definition.words === undefined || wanted.length === 0
      ? rows
      : rows.filter((row) => {
        const text = definition.words?.(row).toLowerCase() ?? ""
        return wanted.every((word) => text.includes(word))
      })
    const order = orderBy(definition, sorting)
    return order === undefined ? kept : kept.toSorted(order)
  })
  const shown = definition.shown ??
    ((state: State, frame: Frame) => arrange(definition.rows(state), frame.filter, frame.sorting))
  return {
    view: definition.view,
    noun: definition.noun,
    follows: definition.follows ?? false,
    columns: columns.map(({ align = "left", from = 0, title, value, width }) => ({
      title,
      width,
      align,
      from,
      isSortable: value !== undefined
    })),
    hasFilter: definition.words !== undefined || definition.shown !== undefined,
    count: (state, frame) => shown(state, frame).length,
    idAt: (state, frame, index) => {
      const row = shown(state, frame)[index]
      return row === undefined ? undefined : id(row)
    },
    indexOf: definition.indexOf ??
      ((state, frame, wanted) => shown(state, frame).findIndex((row) => id(row) === wanted)),
    cells: (state, frame, index) => {
      const row = shown(state, frame)[index]
      return row === undefined ? [] : columns.map(({ cell }) => cell(row, state))
    },
    empty: definition.empty
  }
}
