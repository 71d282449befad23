/** What the screen wants to know, in a state: read when it comes to be wanted, and again while it is. */
import type { JobSort } from "#domain/JobFilter.ts"
import type { JobListName } from "../view-model/Message.ts"
import type { SourceName } from "../view-model/sources.ts"
import { type State, topOf } from "../view-model/State.ts"
import { windowNow } from "../view-model/update.ts"
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
    ...(list === undefined ? [] : [((): Want => {
      const { filter, sort } = state[list]
      return { _tag: "Jobs", key: `${list} ${sort} ${filter}`, list, filter, sort }
    })()])
  ]
}

/** Rows below the window from which on the next page is read. */
const readAhead = 50

/** The list whose next page is wanted, because somebody has come near its end. */
export const wantsMore = (state: State): JobListName | undefined => {
  const frame = topOf(state)
  const { list } = views[frame.view]
  if (list === undefined || state.pause !== undefined) return undefined
  const table = state[list]
  if (typeof table.next !== "string" || table.isLoading || table.trouble !== undefined) return undefined
  if (frame.selected === undefined && frame.scroll === 0) return undefined
  const { count, first, length } = windowNow(state)
  return first + length + readAhead >= count ? list : undefined
}
