/** What came from the system, taken into what is shown. */
import { withTail } from "./EventTail.ts"
import { type JobTable, withEvents, withPage } from "./JobTable.ts"
import type { JobListName, Told } from "./Message.ts"
import { type Answer, withAnswer, withTrouble } from "./sources.ts"
import { type State, topOf } from "./State.ts"

/** What keys act on in the list, also while its job is looked at: it does not vanish under somebody's finger. */
const selectedIn = ({ stack }: State, list: JobListName): string | undefined =>
  stack.findLast(({ view }) => view === list)?.selected

const isFor = (table: JobTable, { filter, sort }: { readonly filter: string; readonly sort?: string }): boolean =>
  table.filter === filter && (sort === undefined || table.sort === sort)

/** Whether it is the first word on what is on the screen: a screen that stands still is read all the same. */
export const isAwaited = (state: State, message: Told): boolean => {
  switch (message._tag) {
    case "Answered":
      return state.sources[message.answer.source].data === undefined
    case "NotAnswered":
      return state.sources[message.source].data === undefined
    case "JobsRead":
    case "JobsNotRead":
      return state[message.list].next === undefined
    default:
      return false
  }
}

/** Whether it is about another job than the one that is shown. */
const isOfAnother = (state: State, jobId: string | undefined): boolean => {
  const { subject, view } = topOf(state)
  return view === "job" && jobId !== undefined && jobId !== subject
}

const subjectOf = ({ data, source }: Answer): string | undefined =>
  source === "job" ? data.id : source === "timeline" ? data.jobId : undefined

export const takeIn = (state: State, message: Told): State => {
  const told = { ...state, now: Math.max(state.now, message.at) }
  switch (message._tag) {
    case "Answered":
      if (isOfAnother(state, subjectOf(message.answer))) return told
      return { ...told, sources: withAnswer(state.sources, message.answer, message.at) }
    case "NotAnswered":
      if (isOfAnother(state, message.subject)) return told
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
