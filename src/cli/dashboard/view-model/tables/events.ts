/** Events as they happen, newest first: the last ones, held in a window that forgets. */
import type { EventType } from "#domain/JobEvent.ts"
import type { TailRow } from "../EventTail.ts"
import type { Tone } from "../Line.ts"
import { table } from "../Table.ts"
import { exactClock } from "../words.ts"

const tones: Partial<Record<EventType, Tone>> = {
  started: "busy",
  progressed: "busy",
  completed: "good",
  "attempt-failed": "warn",
  "retry-scheduled": "warn",
  "lease-expired": "bad",
  "completion-refused": "bad",
  "dead-lettered": "bad",
  cancelled: "dim",
  "queue-paused": "warn",
  "queue-resumed": "good"
}

const detailOf = ({ event: { data } }: TailRow): string => data.detail === undefined ? "" : JSON.stringify(data.detail)

export const events = table<TailRow>({
  view: "events",
  noun: "event",
  follows: true,
  id: ({ id }) => id,
  words: ({ jobType, queue, subject, type }) => `${type} ${subject} ${jobType} ${queue}`,
  rows: ({ tail }) => tail.rows,
  empty: ({ link }, { filter }) =>
    link.state === "connecting"
      ? "connecting to the stream of events"
      : filter === ""
      ? "nothing has happened since the dashboard began to listen"
      : "no event that is held fits the filter",
  columns: [
    { title: "AT", width: 12, cell: ({ at }) => ({ text: exactClock(at), tone: "dim" }) },
    {
      title: "EVENT",
      width: 20,
      cell: ({ type }) => ({ text: type, glyph: "event", tone: tones[type] ?? "text" })
    },
    { title: "TYPE", width: { rest: 10 }, from: 50, cell: ({ jobType }) => ({ text: jobType }) },
    { title: "QUEUE", width: 12, from: 70, cell: ({ queue }) => ({ text: queue }) },
    {
      title: "TRY",
      width: 3,
      align: "right",
      from: 60,
      cell: ({ attempt }) => ({ text: attempt === undefined ? "-" : `${attempt}`, tone: "dim" })
    },
    { title: "JOB", width: 36, from: 99, cell: ({ subject }) => ({ text: subject, tone: "dim" }) },
    { title: "DETAIL", width: { rest: 16 }, from: 140, cell: (row) => ({ text: detailOf(row), tone: "dim" }) }
  ]
})
