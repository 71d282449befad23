/** The next state after a message. Pure: the same state and message always give the same next state. */
import { JobId } from "#domain/Job.ts"
import { encodeCursor } from "#domain/JobFilter.ts"
import { updateForm } from "./form/updateForm.ts"
import { withPart } from "./jobQuery.ts"
import { bounded, emptyTable, type JobTable, maxRowsFollowed, maxRowsHeld, sortedBy } from "./JobTable.ts"
import type { JobListName, Message } from "./Message.ts"
import { hold, release } from "./pausing.ts"
import { type Frame, frameOf, maxDepth } from "./Route.ts"
import { firstLineShown, scrollable } from "./scrolling.ts"
import { windowNow, withPick } from "./selection.ts"
import { noSources } from "./sources.ts"
import { deadFilter, type State, topOf, withTop } from "./State.ts"
import { orderBy } from "./Table.ts"
import { jobColumns } from "./tables/jobs.ts"
import { isAwaited, takeIn } from "./takeIn.ts"
import { tableOf, views } from "./views.ts"
import { moveIn } from "./Window.ts"

/** Palette entries that are offered first. */
const maxLastUsed = 8

const cursorAfter = (id: string): string => encodeCursor(JobId.make(id, { disableChecks: true }))

const moved = (state: State, by: number, to: "first" | "last" | undefined): State => {
  const frame = topOf(state)
  const table = tableOf(frame)
  if (state.help !== undefined || table === undefined) {
    const from = firstLineShown(state)
    const scroll = scrollable(state, to === "first" ? 0 : to === "last" ? Number.MAX_SAFE_INTEGER : from + by)
    return state.help === undefined ? withTop(state, { scroll }) : { ...state, help: { scroll } }
  }
  const window = windowNow(state)
  if (window.count === 0) return state
  const distance = to === "first" ? -window.count : to === "last" ? window.count : by
  const { anchor, index } = moveIn(window, { by: distance, count: window.count, height: window.height })
  return withTop(state, { selected: table.idAt(state, frame, index), anchor, scroll: Math.max(0, index - anchor) })
}

const wantedOf = (frame: Frame, list: JobListName) => ({
  filter: list === "dead" ? withPart(deadFilter, frame.filter) : frame.filter,
  sort: frame.sorting?.column === "created" && !frame.sorting.descending ? "oldest" as const : "newest" as const,
  order: frame.sorting?.column === "created" ? undefined : orderBy(jobColumns, frame.sorting)
})

const sameOrder = (a: Frame | undefined, b: Frame): boolean =>
  a?.sorting?.column === b.sorting?.column && a?.sorting?.descending === b.sorting?.descending

/** What was said of another job says nothing of the one that has come to be shown. */
const ofSubject = (before: State, state: State): State => {
  const { subject, view } = topOf(state)
  if (view !== "job" || topOf(before).subject === subject) return state
  const { job, timeline } = state.sources
  return {
    ...state,
    sources: {
      ...state.sources,
      job: job.data?.id === subject ? { ...job, trouble: undefined } : noSources.job,
      timeline: timeline.data?.jobId === subject ? { ...timeline, trouble: undefined } : noSources.timeline
    }
  }
}

/** Makes the held jobs those that the view wants, and lets go of what nobody looks at. */
const withList = (before: State, state: State): State => {
  const frame = topOf(state)
  const list = views[frame.view].list
  if (list === undefined) return state
  const { filter, order, sort } = wantedOf(frame, list)
  const held = state[list]
  const fitting: JobTable = held.filter !== filter || held.sort !== sort
    ? emptyTable(filter, sort, order)
    : sameOrder(topOf(before), frame) && topOf(before).view === frame.view
    ? held
    : sortedBy(held, order)
  const most = frame.selected === undefined && frame.scroll === 0 ? maxRowsFollowed : maxRowsHeld
  const kept = bounded(fitting, most, cursorAfter)
  return kept === held ? state : { ...state, [list]: kept }
}

const opened = (state: State, frame: Frame): State => {
  const [first, ...rest] = state.stack
  return { ...state, stack: [first, ...rest.slice(Math.max(0, rest.length + 2 - maxDepth)), frame], toast: undefined }
}

const back = (state: State): State => {
  const frame = topOf(state)
  const [first, ...rest] = state.stack
  if (rest.length > 0) return { ...state, stack: [first, ...rest.slice(0, -1)], toast: undefined }
  if (frame.filter !== "") return withTop(state, { filter: "", selected: undefined, anchor: 0, scroll: 0 })
  if (tableOf(frame)?.follows !== false && (frame.selected !== undefined || frame.scroll > 0)) {
    return withTop(state, { selected: undefined, anchor: 0, scroll: 0 })
  }
  return frame.view === "overview" ? state : { ...state, stack: [frameOf("overview")] }
}

const step = (state: State, message: Message): State => {
  switch (message._tag) {
    case "Answered":
    case "NotAnswered":
    case "JobsRead":
    case "JobsNotRead":
    case "Happened":
    case "Missed":
      return state.pause === undefined || isAwaited(state, message) ? takeIn(state, message) : hold(state, message)
    case "Linked":
      return {
        ...state,
        now: message.at,
        link: {
          state: message.state,
          since: message.state === state.link.state ? state.link.since : message.at,
          detail: message.detail
        }
      }
    case "RoleKnown":
      return { ...state, role: message.role }
    case "Ticked":
      return { ...state, now: message.now }
    case "Resized":
      return { ...state, size: { columns: message.columns, rows: message.rows } }
    case "LoadingJobs":
      return { ...state, [message.list]: { ...state[message.list], isLoading: true } }
    case "Moved":
      return moved(state, message.by ?? 0, message.to)
    case "Followed":
      return withTop(state, { selected: undefined, anchor: 0, scroll: 0 })
    case "Opened":
      return opened(state, message.frame)
    case "WentTo":
      return {
        ...state,
        stack: [frameOf(message.view, message.filter === undefined ? {} : { filter: message.filter })],
        toast: undefined
      }
    case "WentBack":
      return back(state)
    case "TabChosen":
      return withTop(state, { tab: message.tab, scroll: 0 })
    case "Filtered":
      return withTop(state, { filter: message.filter.trim(), selected: undefined, anchor: 0, scroll: 0 })
    case "Sorted":
      return withTop(state, {
        sorting: message.column === undefined ? undefined : { column: message.column, descending: message.descending },
        anchor: Math.max(0, windowNow(state).line),
        scroll: 0
      })
    case "PauseToggled":
      return state.pause === undefined
        ? { ...state, pause: { since: message.now, held: [], waiting: 0, dropped: 0 } }
        : release(state, takeIn)
    case "PromptOpened":
      return {
        ...state,
        prompt: { kind: message.kind, text: message.kind === "filter" ? topOf(state).filter : "", choice: 0 },
        toast: undefined
      }
    case "PromptTyped":
      return state.prompt === undefined
        ? state
        : { ...state, prompt: { ...state.prompt, text: message.text, choice: 0 } }
    case "PromptMoved":
      return state.prompt === undefined
        ? state
        : { ...state, prompt: { ...state.prompt, choice: Math.max(0, state.prompt.choice + message.by) } }
    case "PromptClosed":
      return { ...state, prompt: undefined }
    case "Used":
      return {
        ...state,
        lastUsed: [message.entry, ...state.lastUsed.filter((entry) => entry !== message.entry)].slice(0, maxLastUsed)
      }
    case "HelpToggled":
      return { ...state, help: state.help === undefined ? { scroll: 0 } : undefined }
    case "Asked":
      return { ...state, question: message.question, toast: undefined }
    case "QuestionClosed":
      return { ...state, question: undefined }
    case "Said":
      return { ...state, toast: message.toast }
    default:
      return { ...state, form: updateForm(state.form, message) }
  }
}

export const update = (state: State, message: Message): State => {
  const after = step(state, message)
  return withPick(ofSubject(state, withList(state, after)))
}
