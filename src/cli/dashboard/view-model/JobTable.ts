/**
 * The jobs that a list holds: pages of the API, kept up to date by events.
 *
 * Events change rows at once; a page read from the store corrects what events do not tell, and never turns a row back to
 * what it was before an event.
 */
import type { JobList } from "#domain/contract/ReadModelViews.ts"
import type { CloudEvent } from "#domain/JobEvent.ts"
import { decodeCursor, type JobSort } from "#domain/JobFilter.ts"
import { Option } from "effect"
import { type JobQuery, parseQuery } from "./jobQuery.ts"
import { afterEvent, fits, hasWords, type JobRow, rowOf } from "./JobRow.ts"
import { merged, type Order, placeOf } from "./Ordered.ts"

/** Rows held at most: further down nobody scrolls, a filter leads there. */
export const maxRowsHeld = 100_000
/** Rows held while nobody has scrolled: the newest, so that a busy system does not fill the memory. */
export const maxRowsFollowed = 1_000
/** Rows of the first page, which is read again and again, and of those after it, which are read once. */
export const pageRows = { first: 200, next: 500 } as const

export interface JobTable {
  /** The filter as it was typed, and the order of the store: together they say what the rows are. */
  readonly filter: string
  readonly sort: JobSort
  readonly query: JobQuery
  /** By id: newest or oldest first. */
  readonly rows: ReadonlyArray<JobRow>
  /** The rows that have the free words, in the order that is shown. The same array when that is all of them by id. */
  readonly shown: ReadonlyArray<JobRow>
  readonly order: Order<JobRow> | undefined
  /** Where the store goes on; null at its end. Undefined: nothing has been read. */
  readonly next: string | null | undefined
  readonly isLoading: boolean
  readonly trouble: string | undefined
  readonly receivedAt: number | undefined
  readonly freshness: JobList["freshness"] | undefined
  /** The row budget of the API ended the farthest page early: what fits may lie beyond it. */
  readonly isPartial: boolean
}

export const emptyTable = (filter: string, sort: JobSort, order: Order<JobRow> | undefined): JobTable => ({
  filter,
  sort,
  query: parseQuery(filter),
  rows: [],
  shown: [],
  order,
  next: undefined,
  isLoading: false,
  trouble: undefined,
  receivedAt: undefined,
  freshness: undefined,
  isPartial: false
})

const newest: Order<JobRow> = (a, b) => a.id > b.id ? -1 : a.id < b.id ? 1 : 0
const oldest: Order<JobRow> = (a, b) => -newest(a, b)
const byId = ({ sort }: JobTable): Order<JobRow> => sort === "newest" ? newest : oldest

/** Which of two ids comes first, as a sign. */
const byPlace = (sort: JobSort) => (a: string, b: string): number =>
  a === b ? 0 : (a > b) === (sort === "newest") ? -1 : 1
const compareId = (sort: JobSort, id: string) => (row: JobRow) => byPlace(sort)(row.id, id)

/** The row of the job, by its id. */
export const findRow = ({ rows, sort }: JobTable, id: string): JobRow | undefined => {
  const row = rows[placeOf(rows, compareId(sort, id))]
  return row?.id === id ? row : undefined
}

/** Place of the row among those that are shown; -1 when it is not. */
export const indexOfRow = (table: JobTable, id: string): number => {
  const row = findRow(table, id)
  if (row === undefined) return -1
  const order = table.order ?? byId(table)
  const index = placeOf(table.shown, (item) => order(item, row))
  return table.shown[index]?.id === id ? index : -1
}

/** Every order ends with the id, so that each row has one place. */
const total = (table: JobTable): Order<JobRow> => table.order ?? byId(table)

const shownOf = (table: JobTable): ReadonlyArray<JobRow> => {
  const { order, query: { words }, rows } = table
  const wanted = words.length === 0 ? rows : rows.filter((row) => hasWords(words, row))
  return order === undefined ? wanted : wanted.toSorted(order)
}

/** The table in another order of what it holds. */
export const sortedBy = (table: JobTable, order: Order<JobRow> | undefined): JobTable => {
  const next = { ...table, order }
  return { ...next, shown: shownOf(next) }
}

/** The rows with some of them replaced, added (no row before) or taken out (no row after). */
const changed = (
  table: JobTable,
  changes: ReadonlyArray<{ readonly before: JobRow | undefined; readonly after: JobRow | undefined }>
): JobTable => {
  if (changes.length === 0) return table
  const gone = changes.flatMap(({ before }) => before === undefined ? [] : [before])
  const added = changes.flatMap(({ after }) => after === undefined ? [] : [after])
  const inOrder = byId(table)
  const rows = merged(table.rows, gone, added, inOrder)
  const { words } = table.query
  if (table.order === undefined && words.length === 0) return { ...table, rows, shown: rows }
  const order = total(table)
  const visible = (of: ReadonlyArray<JobRow>) => words.length === 0 ? of : of.filter((row) => hasWords(words, row))
  return { ...table, rows, shown: merged(table.shown, visible(gone), visible(added), order) }
}

/** Id of the last job looked at, as far as the cursor says it; else that of the last row. */
const endOf = ({ next, rows }: Pick<JobTable, "next" | "rows">): string | undefined =>
  Option.getOrUndefined(decodeCursor(next ?? "")) ?? rows.at(-1)?.id

/** Tells of ids whether such a job lies within what has been looked at, so that its absence means something. */
const reachOf = (table: JobTable): (id: string) => boolean => {
  if (table.next === undefined || table.next === null) return () => table.next === null
  const end = endOf(table)
  return (id) => end !== undefined && byPlace(table.sort)(end, id) >= 0
}

/** What the filter makes of a row: the row, the row as one that has left, or nothing. */
const placed = (query: JobQuery, row: JobRow, selected: string | undefined): JobRow | undefined => {
  const fit = fits(query, row)
  if (fit === true) return row.hasLeft ? { ...row, hasLeft: false } : row
  return fit === false && row.id === selected ? { ...row, hasLeft: true } : undefined
}

/** Takes in what happened. The selected row stays, even where the filter no longer takes it. */
export const withEvents = (
  table: JobTable,
  events: ReadonlyArray<CloudEvent>,
  selected: string | undefined
): JobTable => {
  const now = new Map<string, JobRow | undefined>()
  const isWithin = reachOf(table)
  for (const event of events) {
    if (event.sequence === undefined) continue
    const id = event.subject
    const before = now.has(id) ? now.get(id) : findRow(table, id)
    if (before === undefined && !isWithin(id)) continue
    now.set(id, afterEvent(before, event))
  }
  return changed(
    table,
    [...now].flatMap(([id, row]) => {
      const before = findRow(table, id)
      const after = row === undefined ? undefined : placed(table.query, row, selected)
      return before === after ? [] : [{ before, after }]
    })
  )
}

const isSame = (a: JobRow, b: JobRow): boolean =>
  a.updatedAt === b.updatedAt && a.status === b.status && a.attempt === b.attempt && a.uncounted === b.uncounted &&
  a.priority === b.priority &&
  a.percent === b.percent && a.worker === b.worker &&
  a.isRead === b.isRead && a.hasLeft === b.hasLeft && a.isCancelRequested === b.isCancelRequested

/** The newer of what is held and what was read; the store knows more of a row of the same age. */
const corrected = (held: JobRow | undefined, read: JobRow): JobRow =>
  held !== undefined && held.updatedAt > read.updatedAt
    ? {
      ...read,
      status: held.status,
      attempt: held.attempt,
      uncounted: held.isRead ? held.uncounted : read.uncounted,
      updatedAt: held.updatedAt,
      percent: held.percent,
      worker: held.status === "running" && held.attempt === read.attempt ? held.worker ?? read.worker : held.worker
    }
    : read

/**
 * Takes in a page. `after` is the last job before it; undefined for the first page. A page also tells what has gone: a
 * row in its range that the store did not name, and that no event has touched since. One that does not join what is held
 * is left out, as it would leave a hole that nothing fills.
 */
export const withPage = (
  table: JobTable,
  page: JobList,
  { after, at, selected }: {
    readonly after: string | undefined
    readonly at: number
    readonly selected: string | undefined
  }
): JobTable => {
  const isWithin = reachOf(table)
  if (after !== undefined && !isWithin(after)) return { ...table, isLoading: false }
  const read = page.jobs.map(rowOf)
  const named = new Set(read.map(({ id }) => id))
  const readAt = Date.parse(page.freshness.readAt)
  const from = after === undefined ? 0 : placeOf(table.rows, compareId(table.sort, after))
  const end = endOf({ next: page.next, rows: read }) ?? after
  const to = page.next === null
    ? table.rows.length
    : placeOf(table.rows, (row) => end !== undefined && compareId(table.sort, end)(row) <= 0 ? -1 : 1)
  const missing = table.rows.slice(from, to).filter((row) =>
    !named.has(row.id) && row.id !== after && row.id !== selected && row.updatedAt < readAt
  )
  const changes = read.flatMap((row) => {
    const before = findRow(table, row.id)
    const next = placed(table.query, corrected(before, row), selected)
    return before !== undefined && next !== undefined && isSame(before, next) ? [] : [{ before, after: next }]
  })
  const isFarthest = page.next === null || table.next === undefined || (end !== undefined && !isWithin(end))
  return {
    ...changed(table, [...changes, ...missing.map((before) => ({ before, after: undefined }))]),
    ...(isFarthest ? { next: page.next, isPartial: page.partial } : {}),
    isLoading: false,
    trouble: undefined,
    receivedAt: at,
    freshness: page.freshness
  }
}

/** Whether the job comes after the other one in the order of the store. */
export const isBelow = ({ sort }: JobTable, other: string, id: string): boolean => byPlace(sort)(other, id) < 0

/** Whether rows are held that come after the job with this id. */
export const holdsBelow = ({ rows, sort }: JobTable, id: string): boolean => {
  const last = rows.at(-1)
  return last !== undefined && byPlace(sort)(last.id, id) > 0
}

/** Where a list goes on, as the job before it; undefined at its end, and before anything was read. */
export const restOf = (table: JobTable): string | undefined => typeof table.next === "string" ? endOf(table) : undefined

/** Lets go of the rows farthest from the beginning; they are read again when somebody goes there. */
export const bounded = (table: JobTable, most: number, cursorAfter: (id: string) => string): JobTable => {
  const last = table.rows[most - 1]
  if (table.rows.length <= most || last === undefined) return table
  const rows = table.rows.slice(0, most)
  const next = { ...table, rows, next: cursorAfter(last.id) }
  return { ...next, shown: table.order === undefined && table.query.words.length === 0 ? rows : shownOf(next) }
}
