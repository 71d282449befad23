/** Jobs, pages, events and states for tests of the dashboard: what matters is said, the rest is filled in. */
import type { Message } from "#cli/dashboard/view-model/Message.ts"
import { type Frame, frameOf } from "#cli/dashboard/view-model/Route.ts"
import { initial, type State } from "#cli/dashboard/view-model/State.ts"
import { update } from "#cli/dashboard/view-model/update.ts"
import type { JobList } from "#domain/contract/ReadModelViews.ts"
import { JobId, JobTypeName, QueueName } from "#domain/Job.ts"
import { type CloudEvent, type EventType, toCloudEvent } from "#domain/JobEvent.ts"
import type { JobClass } from "#domain/JobStatus.ts"
import { JobStatus } from "#domain/JobStatus.ts"
import type { JobSummary } from "#domain/JobView.ts"
import { Schema } from "effect"

/** A fixed moment: noon of the first of June 2026, UTC. */
export const noon = Date.UTC(2026, 5, 1, 12, 0, 0)

/** The id of the n-th job: later ones are larger. */
export const idOf = (n: number): JobId => {
  const time = (noon + n).toString(16).padStart(12, "0")
  return JobId.make(`${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${n.toString(16).padStart(12, "0")}`)
}

export const jobOf = (n: number, more: Partial<JobSummary> = {}): JobSummary => ({
  id: idOf(n),
  type: JobTypeName.make("demo.sleep"),
  queue: QueueName.make("default"),
  status: "queued",
  priority: 5,
  attempt: 0,
  failures: 0,
  maxAttempts: 5,
  tags: [],
  correlationId: null,
  runAt: new Date(noon + n).toISOString(),
  createdAt: new Date(noon + n).toISOString(),
  updatedAt: new Date(noon + n).toISOString(),
  finishedAt: null,
  cancelRequestedAt: null,
  worker: null,
  progress: null,
  ...more
})

export const freshnessAt = (at: number) => ({
  source: "memory",
  readAt: new Date(at).toISOString(),
  ageMillis: 0,
  stale: false
})

export const pageOf = (jobs: ReadonlyArray<JobSummary>, more: Partial<JobList> = {}): JobList => ({
  jobs,
  next: null,
  partial: false,
  freshness: freshnessAt(noon),
  ...more
})

/** Jobs `from` down to `to`, as a list that shows the newest first. */
export const newestFirst = (from: number, to: number, more: Partial<JobSummary> = {}): ReadonlyArray<JobSummary> =>
  Array.from({ length: from - to + 1 }, (_, index) => jobOf(from - index, more))

const classAfter: Partial<Record<EventType, JobClass>> = {
  started: "running",
  completed: "completed",
  "dead-lettered": "dead",
  cancelled: "cancelled"
}

export interface HappeningOptions {
  readonly at?: number
  readonly seq?: number
  readonly attempt?: number
  readonly type?: string
  readonly queue?: string
  readonly to?: JobClass
  readonly data?: Readonly<Record<string, Schema.Json>>
}

/** Something that happened to the n-th job. */
export const eventOf = (n: number, what: EventType, more: HappeningOptions = {}): CloudEvent => {
  const at = more.at ?? noon + n + 1
  return toCloudEvent(
    { epoch: 1, position: { xid: 1n, id: 1n }, at, source: "test/1", events: [] },
    {
      type: what,
      job: idOf(n),
      seq: more.seq ?? 2,
      at,
      from: "waiting",
      to: more.to ?? classAfter[what] ?? "waiting",
      queue: more.queue ?? "default",
      jobType: more.type ?? "demo.sleep",
      ...(more.attempt === undefined ? {} : { attempt: more.attempt }),
      ...(more.data === undefined ? {} : { data: more.data })
    },
    0
  )
}

export const queueEvent = (queue: string, what: "queue-paused" | "queue-resumed"): CloudEvent =>
  toCloudEvent({ epoch: 1, position: { xid: 2n, id: 2n }, at: noon, source: "test/1", events: [] }, {
    type: what,
    at: noon,
    from: "none",
    to: "none",
    queue
  }, 0)

export interface BeginningOptions {
  readonly columns?: number
  readonly rows?: number
  readonly isReadOnly?: boolean
}

/** A dashboard that shows the frame, with what has been told to it. */
export const stateOf = (
  frame: Frame = frameOf("jobs"),
  messages: ReadonlyArray<Message> = [],
  { columns = 120, isReadOnly = false, rows = 24 }: BeginningOptions = {}
): State =>
  messages.reduce<State>(
    update,
    initial({
      now: noon,
      size: { columns, rows },
      isReadOnly,
      gatewayUrl: "http://gateway.example",
      readModelUrl: "http://read-model.example",
      frame
    })
  )

export const told = (state: State, ...messages: ReadonlyArray<Message>): State => messages.reduce<State>(update, state)

/** The page as it comes for what the state shows. */
export const jobsRead = (
  page: JobList,
  more: {
    readonly filter?: string
    readonly sort?: "newest" | "oldest"
    readonly after?: string
    readonly at?: number
  } = {}
): Message => ({
  _tag: "JobsRead",
  list: "jobs",
  filter: more.filter ?? "",
  sort: more.sort ?? "newest",
  after: more.after,
  page,
  at: more.at ?? noon
})

export const happened = (...events: ReadonlyArray<CloudEvent>): Message => ({
  _tag: "Happened",
  events,
  dropped: 0,
  at: noon
})

export const AnyStatus = Schema.Literals(JobStatus.literals)
