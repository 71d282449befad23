/** A screen that stands still: what comes meanwhile waits, bounded, and is counted. */
import type { Told } from "./Message.ts"
import type { State } from "./State.ts"

/** Events that wait at most; what comes then is dropped and counted, and lists are read anew afterwards. */
export const maxWaiting = 10_000

type Taking = (state: State, message: Told) => State

/** Answers of one source replace each other; pages and events wait in their order. */
const replaces = (held: Told, message: Told): boolean =>
  held._tag === "Answered" && message._tag === "Answered"
    ? held.answer.source === message.answer.source
    : held._tag === "NotAnswered" && message._tag === "NotAnswered"
    ? held.source === message.source
    : held._tag === "JobsRead" && message._tag === "JobsRead"
    ? held.list === message.list && held.filter === message.filter && held.after === message.after
    : held._tag === "JobsNotRead" && message._tag === "JobsNotRead" && held.list === message.list

export const hold = (state: State, message: Told): State => {
  const { pause } = state
  if (pause === undefined) return state
  if (message._tag === "Happened") {
    const room = Math.max(0, maxWaiting - pause.waiting)
    const kept = message.events.slice(0, room)
    const dropped = message.dropped + message.events.length - kept.length
    return {
      ...state,
      pause: {
        ...pause,
        held: kept.length === 0 ? pause.held : [...pause.held, { ...message, events: kept, dropped: 0 }],
        waiting: pause.waiting + kept.length,
        dropped: pause.dropped + dropped
      }
    }
  }
  return { ...state, pause: { ...pause, held: [...pause.held.filter((held) => !replaces(held, message)), message] } }
}

/** Takes everything in that waited. */
export const release = (state: State, take: Taking): State => {
  const { pause } = state
  if (pause === undefined) return state
  const last = pause.held.reduce<State>(take, { ...state, pause: undefined })
  return pause.dropped === 0
    ? last
    : {
      ...last,
      tail: { ...last.tail, dropped: last.tail.dropped + pause.dropped, seen: last.tail.seen + pause.dropped }
    }
}
