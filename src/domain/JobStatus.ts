/**
 * The life of a job: the states, and the one table of moves between them.
 *
 *     accept ─> scheduled ─due─> queued ─dispatch─> dispatched ─claim─> running ─> completed
 *                                  ^  ^                  │                │ │ │
 *                                  │  └──── hand back ───┘                │ │ └──> cancelled
 *                                  └────────────── due ── retrying <──────┘ └────> dead ─replay─> queued
 *
 * PostgreSQL enforces the table: every move is an UPDATE whose WHERE repeats the expected state. `dispatched` (a hint
 * was handed to the broker) is shown to people as `queued`. Moves inside the class *waiting* write no event.
 */
import { Schema } from "effect"

export const jobStates = [
  "scheduled",
  "queued",
  "dispatched",
  "running",
  "retrying",
  "completed",
  "dead",
  "cancelled"
] as const
/** What PostgreSQL stores. */
export const JobState = Schema.Literals(jobStates)
export type JobState = typeof JobState.Type

/** What people see: `dispatched` is still waiting in its queue as far as they are concerned. */
export const JobStatus = Schema.Literals([
  "scheduled",
  "queued",
  "running",
  "retrying",
  "completed",
  "dead",
  "cancelled"
]).annotate({ identifier: "JobStatus" })
export type JobStatus = typeof JobStatus.Type

/** What the books are kept in: accepted = completed + dead + cancelled + pruned + running + waiting. */
export const JobClass = Schema.Literals([
  "none",
  "waiting",
  "running",
  "completed",
  "dead",
  "cancelled",
  "pruned"
]).annotate({ identifier: "JobClass" })
export type JobClass = typeof JobClass.Type

/** What people see of a stored state. */
export const statusOf = (state: JobState): JobStatus => state === "dispatched" ? "queued" : state

/** The stored states behind a status that people filter by. */
export const statesOf = (status: JobStatus): ReadonlyArray<JobState> =>
  status === "queued" ? ["queued", "dispatched"] : [status]

const classes: Record<JobState, JobClass> = {
  scheduled: "waiting",
  queued: "waiting",
  dispatched: "waiting",
  retrying: "waiting",
  running: "running",
  completed: "completed",
  dead: "dead",
  cancelled: "cancelled"
}
/** The class in which the books count a state. */
export const classOf = (state: JobState): JobClass => classes[state]

/** Whether the life of the job is over, unless somebody replays it. */
export const isFinal = (state: JobState): boolean => state === "completed" || state === "dead" || state === "cancelled"

/** Every move there is: its name, where it may start and where it may end. */
export const moves = {
  promote: { from: ["scheduled", "retrying"], to: ["queued"] },
  dispatch: { from: ["queued"], to: ["dispatched"] },
  handBack: { from: ["dispatched"], to: ["queued"] },
  claim: { from: ["dispatched"], to: ["running"] },
  complete: { from: ["running"], to: ["completed"] },
  fail: { from: ["running"], to: ["retrying", "dead"] },
  endLease: { from: ["running"], to: ["retrying", "dead", "cancelled"] },
  release: { from: ["running"], to: ["queued"] },
  cancelWaiting: { from: ["scheduled", "queued", "dispatched", "retrying"], to: ["cancelled"] },
  cancelRunning: { from: ["running"], to: ["cancelled"] },
  missDeadline: { from: ["scheduled", "queued", "dispatched", "retrying"], to: ["dead"] },
  replay: { from: ["dead"], to: ["queued"] }
} as const satisfies Record<string, { readonly from: ReadonlyArray<JobState>; readonly to: ReadonlyArray<JobState> }>

/** Whether some move leads from one state to the other in one step. */
export const mayMove = (from: JobState, to: JobState): boolean =>
  Object.values(moves).some((move: { readonly from: ReadonlyArray<JobState>; readonly to: ReadonlyArray<JobState> }) =>
    move.from.includes(from) && move.to.includes(to)
  )

/** Milliseconds; smaller runs first. A priority step equals a minute, so that 0 is overtaken for nine minutes at most. */
export const rankOf = (runAtMillis: number, priority: number): number => runAtMillis - priority * 60_000

/** The action does not fit the state that the job is in. */
export class WrongState extends Schema.TaggedError<WrongState>()("WrongState", {
  jobId: Schema.String,
  action: Schema.Literals(["cancel", "replay"]),
  status: JobStatus
}) {
  override get message() {
    return `cannot ${this.action} job ${this.jobId}: it is ${this.status}`
  }
}
