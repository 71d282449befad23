/** The events that happened last, as a window that forgets: bounded, with a count of what it forgot or missed. */
import { type CloudEvent, type EventType, fromCloudEvent } from "#domain/JobEvent.ts"

/** Events kept for looking back. */
export const maxTail = 2_000

export interface TailRow {
  readonly id: string
  readonly at: number
  readonly type: EventType
  readonly subject: string
  readonly jobType: string
  readonly queue: string
  readonly attempt: number | undefined
  readonly event: CloudEvent
}

export interface EventTail {
  /** Newest first. */
  readonly rows: ReadonlyArray<TailRow>
  /** All that came since the start. */
  readonly seen: number
  /** Left out because they came faster than they could be taken in. */
  readonly dropped: number
  /** Places where the stream could not go on without a gap. */
  readonly gaps: number
  /** Milliseconds between the newest event and its arrival here. */
  readonly lagMillis: number | undefined
}

export const emptyTail: EventTail = { rows: [], seen: 0, dropped: 0, gaps: 0, lagMillis: undefined }

const rowOf = (event: CloudEvent): TailRow => ({
  id: event.id,
  at: Date.parse(event.time),
  type: fromCloudEvent(event).type,
  subject: event.subject,
  jobType: event.data.jobType ?? "",
  queue: event.data.queue,
  attempt: event.attempt,
  event
})

/** `events`: oldest first, as they happened. */
export const withTail = (
  tail: EventTail,
  events: ReadonlyArray<CloudEvent>,
  dropped: number,
  at: number
): EventTail => {
  const newest = events.at(-1)
  return {
    ...tail,
    rows: [...events.slice(-maxTail).toReversed().map(rowOf), ...tail.rows].slice(0, maxTail),
    seen: tail.seen + events.length + dropped,
    dropped: tail.dropped + dropped,
    lagMillis: newest === undefined ? tail.lagMillis : Math.max(0, at - Date.parse(newest.time))
  }
}
