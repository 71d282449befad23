/** Rows of the event log as a store would write them, for tests of what comes after it. */
import { JobId } from "#domain/Job.ts"
import type { EventType, LogEvent, LogRow } from "#domain/JobEvent.ts"
import type { JobClass } from "#domain/JobStatus.ts"
import { randomUUID } from "node:crypto"

export const freshJobId = (): JobId => JobId.make(randomUUID())

const classes: Partial<Record<EventType, readonly [JobClass, JobClass]>> = {
  created: ["none", "waiting"],
  started: ["waiting", "running"],
  completed: ["running", "completed"]
}

/** An event of a job; what does not matter to a test is filled in. */
export const logEvent = (event: Partial<LogEvent> & Pick<LogEvent, "type" | "at">): LogEvent => {
  const [from, to] = classes[event.type] ?? ["waiting", "waiting"]
  return { job: freshJobId(), seq: 1, from, to, queue: "default", jobType: "demo.noop", ...event }
}

/** A row; `id` also serves as its transaction. */
export const logRow = (row: {
  readonly id: number | bigint
  readonly at: number
  readonly events: ReadonlyArray<LogEvent>
  readonly epoch?: number
  readonly xid?: number | bigint
  readonly source?: string
}): LogRow => ({
  epoch: row.epoch ?? 1,
  position: { xid: BigInt(row.xid ?? row.id), id: BigInt(row.id) },
  at: row.at,
  source: row.source ?? "processor/test",
  events: row.events
})

/** The rows that a job leaves when all goes well: created, started after `waitMillis`, completed after `runMillis`. */
export const lifeOf = (life: {
  readonly job?: JobId
  readonly firstId: number
  readonly at: number
  readonly waitMillis?: number
  readonly runMillis?: number
  readonly jobType?: string
  readonly queue?: string
}): ReadonlyArray<LogRow> => {
  const job = life.job ?? freshJobId()
  const { at, firstId, jobType = "demo.noop", queue = "default", runMillis = 3, waitMillis = 2 } = life
  const same = { job, jobType, queue }
  const startedAt = at + waitMillis
  const endedAt = startedAt + runMillis
  return [
    logRow({ id: firstId, at, events: [logEvent({ ...same, type: "created", seq: 1, at })] }),
    logRow({
      id: firstId + 1,
      at: startedAt,
      events: [logEvent({ ...same, type: "started", seq: 2, at: startedAt, attempt: 1, data: { waitMillis } })]
    }),
    logRow({
      id: firstId + 2,
      at: endedAt,
      events: [logEvent({ ...same, type: "completed", seq: 3, at: endedAt, attempt: 1, data: { runMillis } })]
    })
  ]
}
