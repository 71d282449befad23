/** What came from the system, taken into what is shown. */
import { withTail } from "./EventTail.ts"
import { type JobTable, withEvents, withPage } from "./JobTable.ts"
import type { Told } from "./Message.ts"
import { withAnswer, withTrouble } from "./sources.ts"
import { type State, topOf } from "./State.ts"

/** What keys act on, where the list is on the screen: it does not vanish under somebody's finger. */
const selectedIn = (state: State, list: "jobs" | "dead"): string | undefined => {
  const frame = topOf(state)
  return frame.view === list ? frame.selected : undefined
}

const isFor = (table: JobTable, { filter, sort }: { readonly filter: string; readonly sort?: string }): boolean =>
  table.filter === filter && (sort === undefined || table.sort === sort)

export const takeIn = (state: State, message: Told): State => {
  const told = { ...state, now: Math.max(state.now, message.at) }
  switch (message._tag) {
    case "Answered":
      return { ...told, sources: withAnswer(state.sources, message.answer, message.at) }
    case "NotAnswered":
      return { ...told, sources: withTrouble(state.sources, message.source, message.trouble) }
    case "JobsRead": {
      const table = state[message.list]
      if (!isFor(table, message)) return told
      const { after, at, page } = message
      return {
        ...told,
        [message.list]: withPage(table, page, { after, at, selected: selectedIn(state, message.list) })
      }
    }
    case "JobsNotRead": {
      const table = state[message.list]
      if (!isFor(table, message)) return told
      return { ...told, [message.list]: { ...table, isLoading: false, trouble: message.trouble } }
    }
    case "Happened":
      return {
        ...told,
        jobs: withEvents(state.jobs, message.events, selectedIn(state, "jobs")),
        dead: withEvents(state.dead, message.events, selectedIn(state, "dead")),
        tail: withTail(state.tail, message.events, message.dropped, message.at)
      }
    case "Missed":
      return { ...told, tail: { ...state.tail, gaps: state.tail.gaps + 1 } }
  }
}
