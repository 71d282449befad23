/** The columns of a table that there is room for, and how wide each of them is. */
import type { Table } from "./Table.ts"

export interface Placed {
  readonly index: number
  readonly title: string
  readonly width: number
  readonly align: "left" | "right"
}

/** Blanks between two columns. */
const gap = 1
/** A sign at the end of a title says that rows are sorted by it. */
const sign = 1

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, each) => total + each, 0)

/** What `room` gives to each that lacks something: the least lacks first, so that most of them are met. */
const filled = (lacks: ReadonlyArray<number>, room: number): ReadonlyArray<number> => {
  const given = lacks.map(() => 0)
  let left = Math.max(0, room)
  const order = lacks.map((lack, index) => ({ lack, index })).toSorted((a, b) => a.lack - b.lack)
  for (const [done, { index, lack }] of order.entries()) {
    const part = Math.min(lack, Math.floor(left / (order.length - done)))
    given[index] = part
    left -= part
  }
  return given
}

/**
 * Columns have their own widths, and those with `rest` share what is left, so that nothing moves while rows come and go.
 * Only where that would cut a text, columns give what they have no use for to those that lack it. `texts`: how wide the
 * widest text of each column is.
 */
export const placeColumns = (
  table: Table,
  columns: number,
  texts: ReadonlyArray<number> = []
): ReadonlyArray<Placed> => {
  const present = table.columns
    .map((column, index) => ({ ...column, index }))
    .filter(({ from }) => columns >= from)
  const own = present.map(({ width }) => typeof width === "number" ? width : width.rest)
  const isSharing = present.map(({ width }) => typeof width !== "number")
  const sharing = isSharing.filter(Boolean).length
  const room = columns - 1 - gap * present.length
  const shared = (widths: ReadonlyArray<number>): ReadonlyArray<number> => {
    const extra = sharing === 0 ? 0 : Math.max(0, Math.floor((room - sum(widths)) / sharing))
    return widths.map((width, at) => isSharing[at] === true ? width + extra : width)
  }
  const still = shared(own)
  const wanted = present.map(({ index, title }) => Math.max(title.length + sign, texts[index] ?? 0))
  const isCut = present.some(({ index }, at) => (texts[index] ?? 0) > (still[at] ?? 0))
  const least = own.map((width, at) => Math.min(width, wanted[at] ?? width))
  const grown = (from: ReadonlyArray<number>, to: ReadonlyArray<number>): ReadonlyArray<number> => {
    const given = filled(from.map((width, at) => Math.max(0, (to[at] ?? 0) - width)), room - sum(from))
    return from.map((width, at) => width + (given[at] ?? 0))
  }
  const widths = isCut ? shared(grown(grown(least, wanted), own)) : still
  return present.map(({ align, index, title }, at) => ({ index, title, align, width: widths[at] ?? 0 }))
}
