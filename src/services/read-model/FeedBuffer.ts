/**
 * The newest closed rows of the event log, as one stretch without holes.
 *
 * All readers share it; each only keeps its own position. What has left the stretch is read from the log.
 */
import type { LogRow } from "#domain/JobEvent.ts"
import { compare, type Position } from "#domain/Position.ts"

/** Rows that are kept: some seconds at full load, hours when idle. */
export const bufferRows = 2_000
/** Events in them, at about half a kilobyte each: 25 MB at most. */
export const bufferEvents = 50_000

export interface FeedBuffer {
  /** Every closed row after this position, up to `last`, is in the buffer. */
  readonly base: Position
  readonly last: Position
  /** When the oldest of the rows was written that were written after this instant; undefined when none is known. */
  readonly oldestSince: (atMillis: number) => number | undefined
  /** Adds the row that follows `last`. */
  readonly append: (row: LogRow) => void
  /** Rows after the position, at most so many events (one row at least); undefined when the position is before `base`. */
  readonly after: (position: Position, maxEvents: number) => ReadonlyArray<LogRow> | undefined
}

export const make = (start: Position): FeedBuffer => {
  let base = start
  let last = start
  let events = 0
  // Rows before `first` have been dropped; the array is cut when half of it is dropped.
  let rows: Array<LogRow> = []
  let first = 0

  /** Index of the first row after the position. */
  const indexAfter = (position: Position): number => {
    let low = first
    let high = rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const row = rows[middle]
      if (row !== undefined && compare(row.position, position) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    get base() {
      return base
    },
    get last() {
      return last
    },
    oldestSince: (atMillis) => {
      let oldest: number | undefined
      for (let index = rows.length - 1; index >= first; index--) {
        const row = rows[index]
        if (row === undefined || row.at <= atMillis) break
        oldest = row.at
      }
      return oldest
    },
    append: (row) => {
      rows.push(row)
      last = row.position
      events += row.events.length
      while (rows.length - first > bufferRows || (events > bufferEvents && rows.length - first > 1)) {
        const dropped = rows[first++]
        if (dropped === undefined) break
        base = dropped.position
        events -= dropped.events.length
      }
      if (first > rows.length / 2) {
        rows = rows.slice(first)
        first = 0
      }
    },
    after: (position, maxEvents) => {
      if (compare(position, base) < 0) return undefined
      const found: Array<LogRow> = []
      let size = 0
      for (let index = indexAfter(position); index < rows.length; index++) {
        const row = rows[index]
        if (row === undefined || (found.length > 0 && size + row.events.length > maxEvents)) break
        found.push(row)
        size += row.events.length
      }
      return found
    }
  }
}
