/** What the screen wants to know, in a state: read when it comes to be wanted, and again while it is. */
import type { JobSort } from "#domain/JobFilter.ts"
import { isBelow, maxRowsHeld, pageRows } from "../view-model/JobTable.ts"
import type { JobListName } from "../view-model/Message.ts"
import { windowNow } from "../view-model/selection.ts"
import type { SourceName } from "../view-model/sources.ts"
import { type State, topOf } from "../view-model/State.ts"
import { views } from "../view-model/views.ts"

export type Want =
  | { readonly _tag: "Source"; readonly key: string; readonly source: SourceName; readonly subject: string | undefined }
  | {
    readonly _tag: "Jobs"
    readonly key: string
    readonly list: JobListName
    readonly filter: string
    readonly sort: JobSort
  }

export const wantsOf = (state: State): ReadonlyArray<Want> => {
  const frame = topOf(state)
  const { list, sources } = views[frame.view]
  const asked: ReadonlyArray<SourceName> = state.prompt?.kind === "type" ? [...sources, "types"] : sources
  return [
    ...asked.map((source): Want => {
      const subject = source === "job" || source === "timeline" ? frame.subject : undefined
      return { _tag: "Source", key: `${source} ${subject ?? ""}`, source, subject }
    }),
    ...(list === undefined ? [] : [jobsWant(state, list)])
  ]
}

/** The jobs that the list stands for. */
export const jobsWant = (state: State, list: JobListName): Want => {
  const { filter, sort } = state[list]
  return { _tag: "Jobs", key: `${list} ${sort} ${filter}`, list, filter, sort }
}

/**
 * The list of which rows on the screen are known by their events alone, and below the first page, so that no reading of it
 * tells of them: more were made at once than it holds.
 */
export const wantsReread = (state: State): JobListName | undefined => {
  const { list } = views[topOf(state).view]
  if (list === undefined || state.pause !== undefined || state[list].trouble !== undefined) return undefined
  const { rows, shown } = state[list]
  const { first, length } = windowNow(state)
  const low = rows[pageRows.first - 1]
  if (low === undefined) return undefined
  const isUnread = shown.slice(first, first + length).some(({ id, isRead }) =>
    !isRead && isBelow(state[list], low.id, id)
  )
  return isUnread ? list : undefined
}

/** Rows below the window from which on the next page is read. */
const readAhead = 50

/** The list whose next page is wanted: somebody has come near its end, or the store has not yet found a screen full. */
export const wantsMore = (state: State): JobListName | undefined => {
  const frame = topOf(state)
  const { list } = views[frame.view]
  if (list === undefined || state.pause !== undefined) return undefined
  const table = state[list]
  if (typeof table.next !== "string" || table.isLoading || table.trouble !== undefined) return undefined
  if (table.rows.length >= maxRowsHeld) return undefined
  const { count, first, height, length } = windowNow(state)
  if (table.isPartial && count < height) return list
  if (frame.selected === undefined && frame.scroll === 0) return undefined
  return first + length + readAhead >= count ? list : undefined
}
