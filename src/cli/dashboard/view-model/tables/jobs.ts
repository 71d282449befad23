/** Jobs, newest first, and those that are dead. */
import type { JobStatus } from "#domain/JobStatus.ts"
import type { JobRow } from "../JobRow.ts"
import { indexOfRow, type JobTable } from "../JobTable.ts"
import type { Tone } from "../Line.ts"
import type { State } from "../State.ts"
import { type Column, table, type TableDefinition } from "../Table.ts"
import { clock } from "../words.ts"

const tones: Readonly<Record<JobStatus, Tone>> = {
  scheduled: "wait",
  queued: "wait",
  running: "busy",
  retrying: "warn",
  completed: "good",
  dead: "bad",
  cancelled: "dim"
}
export const statusTone = (status: JobStatus): Tone => tones[status]

/** What is shown of a state: never a colour alone. The glyph is put before it by the theme. */
const statusText = (row: JobRow): string =>
  row.hasLeft
    ? `${row.status} (left)`
    : row.isCancelRequested && row.status === "running"
    ? "cancelling"
    : row.percent !== undefined && row.status === "running"
    ? `running ${Math.round(row.percent)} %`
    : row.status

const columns: ReadonlyArray<Column<JobRow>> = [
  {
    title: "STATUS",
    width: 14,
    cell: (row) => ({ text: statusText(row), tone: row.hasLeft ? "dim" : statusTone(row.status), glyph: row.status }),
    value: (row) => row.status
  },
  { title: "TYPE", width: { rest: 10 }, cell: (row) => ({ text: row.type }), value: (row) => row.type },
  { title: "QUEUE", width: 12, from: 60, cell: (row) => ({ text: row.queue }), value: (row) => row.queue },
  {
    title: "TRY",
    width: 5,
    align: "right",
    from: 50,
    // Against the limit: after a replay they are counted anew.
    cell: (row) => ({
      text: row.isRead ? `${Math.max(0, row.attempt - row.uncounted)}/${row.maxAttempts}` : `${row.attempt}`
    }),
    value: (row) => row.attempt - row.uncounted
  },
  {
    title: "PRIO",
    width: 4,
    align: "right",
    from: 120,
    cell: (row) => ({ text: row.isRead ? `${row.priority}` : "·", tone: "dim" }),
    value: (row) => row.priority
  },
  {
    title: "CREATED",
    width: 11,
    cell: (row, { now }) => ({ text: clock(row.createdAt, now) }),
    value: (row) => row.createdAt
  },
  {
    title: "CHANGED",
    width: 11,
    from: 100,
    cell: (row, { now }) => ({ text: clock(row.updatedAt, now), tone: "dim" }),
    value: (row) => row.updatedAt
  },
  { title: "TAGS", width: 20, from: 140, cell: (row) => ({ text: row.tags.join(" "), tone: "dim" }) },
  { title: "ID", width: 36, from: 108, cell: (row) => ({ text: row.id, tone: "dim" }) }
]

const definition = (
  view: "jobs" | "dead",
  held: (state: State) => JobTable,
  empty: TableDefinition<JobRow>["empty"]
): TableDefinition<JobRow> => ({
  view,
  noun: "job",
  follows: true,
  columns,
  id: (row) => row.id,
  rows: (state) => held(state).rows,
  shown: (state) => held(state).shown,
  indexOf: (state, _, id) => indexOfRow(held(state), id),
  empty
})

export const jobColumns = { columns, id: (row: JobRow) => row.id }

/** The store looks at a number of jobs for one answer: that none of them fits is not that none does. */
const stillLooking = "none fits among those looked at so far; the search goes on"

export const jobs = table(definition("jobs", (state) => state.jobs, (state, frame) =>
  state.jobs.next === undefined
    ? "reading the jobs"
    : state.jobs.isPartial
    ? stillLooking
    : frame.filter === ""
    ? "no job yet"
    : "no job fits the filter"))

export const dead = table(definition("dead", (state) => state.dead, (state, frame) =>
  state.dead.next === undefined
    ? "reading the dead jobs"
    : state.dead.isPartial
    ? stillLooking
    : frame.filter === ""
    ? "no job is dead"
    : "no dead job fits the filter"))
