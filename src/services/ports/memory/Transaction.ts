/**
 * One transaction over the tables in memory: moves of jobs with their counters and indexes, and what it writes to the
 * event log and the audit log. Events become log rows when it commits.
 */
import type { Actor } from "#domain/Access.ts"
import type { JobId, JobTypeName, QueueName } from "#domain/Job.ts"
import type { EventType, LogEvent } from "#domain/JobEvent.ts"
import { classOf, type JobClass, type JobState, mayMove, rankOf } from "#domain/JobStatus.ts"
import type { NewJob } from "../JobStore.ts"
import type { CounterKey, JobRow, Tables } from "./Tables.ts"

/** A transition has one or two events: a log row has at most 500 events and, with the job that passes this, 256 KiB. */
const jobsInRow = 250
const bytesInRow = 200_000

/** What a move may change beside the state. */
export type Changes = Partial<
  Pick<
    JobRow,
    | "runAt"
    | "rank"
    | "attempt"
    | "failures"
    | "deadline"
    | "token"
    | "owner"
    | "attemptDeadline"
    | "cancelRequestedAt"
    | "dispatchedAt"
    | "dispatchCount"
    | "progress"
    | "finishedAt"
  >
>

export class Transaction {
  readonly tables: Tables
  /** The store's clock in milliseconds since 1970. */
  readonly now: number
  readonly #source: string
  /** By job, undefined: of none. */
  readonly #events = new Map<JobId | undefined, Array<LogEvent>>()
  readonly #deltas = new Map<string, number>()

  constructor(tables: Tables, source: string, now: number) {
    this.tables = tables
    this.#source = source
    this.now = now
  }

  /** Adds an accepted job; its id must not be taken. */
  insert(job: NewJob): JobRow {
    const runAt = Math.max(job.runAt ?? this.now, this.now)
    const row: JobRow = {
      job,
      createdAt: this.now,
      state: runAt > this.now ? "scheduled" : "queued",
      version: 0,
      runAt,
      rank: rankOf(runAt, job.priority),
      attempt: 0,
      failures: 0,
      deadline: job.deadline,
      token: undefined,
      owner: undefined,
      attemptDeadline: undefined,
      cancelRequestedAt: undefined,
      dispatchedAt: undefined,
      dispatchCount: 0,
      seq: 0,
      progress: undefined,
      updatedAt: this.now,
      finishedAt: undefined,
      attempts: []
    }
    this.tables.jobs.set(job.id, row)
    insertSorted(this.tables.ids, job.id)
    this.#count(job.queue, job.type, "accepted", 1)
    this.#enter(row, "none")
    return row
  }

  /** Leads a job from its state to the next, by the table of moves. What only a running job has is cleared. */
  move(row: JobRow, to: JobState, changes: Changes = {}): void {
    if (!mayMove(row.state, to)) throw new Error(`no move leads a job from ${row.state} to ${to}`)
    const from = classOf(row.state)
    this.#leave(row)
    Object.assign(row, changes)
    if (to !== "running") {
      row.token = undefined
      row.owner = undefined
      row.attemptDeadline = undefined
    }
    row.state = to
    row.version += 1
    row.updatedAt = this.now
    if (changes.attempt !== undefined) this.#count(row.job.queue, row.job.type, "claims", 1)
    this.#enter(row, from)
  }

  /** Hands a job over again that is with the broker already; it is the last one to be handed over. */
  handOverAgain(row: JobRow): void {
    const { dispatched } = this.tables.typeOf(row.job.queue, row.job.type)
    dispatched.delete(row)
    row.dispatchedAt = this.now
    row.dispatchCount += 1
    dispatched.add(row)
  }

  /** The next event of the job, and its id. `from` and `to` default to the class that the job is in. */
  event(
    row: JobRow,
    type: EventType,
    more: {
      readonly at?: number
      readonly from?: JobClass
      readonly to?: JobClass
      readonly data?: LogEvent["data"]
    } = {}
  ): string {
    const { job } = row
    row.seq += 1
    row.updatedAt = this.now
    this.#add({
      type,
      job: job.id,
      seq: row.seq,
      at: more.at ?? this.now,
      from: more.from ?? classOf(row.state),
      to: more.to ?? classOf(row.state),
      ...(row.attempt === 0 ? {} : { attempt: row.attempt }),
      queue: job.queue,
      jobType: job.type,
      ...(job.traceparent === undefined ? {} : { traceparent: job.traceparent }),
      ...(job.correlationId === undefined ? {} : { correlationId: job.correlationId }),
      ...(more.data === undefined ? {} : { data: more.data })
    })
    return `${job.id}:${row.seq}`
  }

  operatorEvent(type: EventType, queue: QueueName, actor: Actor): void {
    this.#add({ type, at: this.now, from: "none", to: "none", queue, data: { actor: actor.name } })
  }

  audit(actor: Actor, action: string, subject: string, detail: Record<string, unknown> = {}): void {
    const { audit } = this.tables
    audit.push({
      id: String(audit.length + 1),
      at: new Date(this.now).toISOString(),
      actor: actor.name,
      action,
      subject,
      detail
    })
  }

  /** Writes the log rows, job by job in the order of ids. What follows is another transaction. */
  commit(): void {
    for (const n of this.#deltas.values()) if (n !== 0) this.tables.unfolded += 1
    this.#deltas.clear()
    if (this.#events.size === 0) return
    this.tables.lastXid += 1n
    const laidOut = [...this.#events].toSorted(([a = ""], [b = ""]) => a < b ? -1 : 1)
    let bytes = 0
    const rows = Map.groupBy(laidOut, ([, events], index) => {
      bytes += Buffer.byteLength(JSON.stringify(events))
      return `${Math.floor(index / jobsInRow)} ${Math.floor(bytes / bytesInRow)}`
    })
    for (const jobs of rows.values()) this.#append(jobs.flatMap(([, events]) => events))
    this.#events.clear()
  }

  #add(event: LogEvent): void {
    const events = this.#events.get(event.job)
    if (events === undefined) this.#events.set(event.job, [event])
    else events.push(event)
  }

  #append(events: ReadonlyArray<LogEvent>): void {
    const { tables } = this
    tables.lastLogId += 1n
    const row = {
      epoch: 1,
      position: { xid: tables.lastXid, id: tables.lastLogId },
      at: this.now,
      source: this.#source,
      events
    }
    tables.log.push(row)
    const jobs = new Set<JobId>()
    for (const { job } of events) if (job !== undefined) jobs.add(job)
    for (const job of jobs) {
      const rows = tables.logOfJob.get(job)
      if (rows === undefined) tables.logOfJob.set(job, [row])
      else rows.push(row)
    }
  }

  #leave(row: JobRow): void {
    const { tables } = this
    this.#count(row.job.queue, row.job.type, row.state, -1)
    if (row.state === "dispatched") tables.typeOf(row.job.queue, row.job.type).dispatched.delete(row)
    if (row.state === "running") {
      tables.running.delete(row)
      if (row.owner !== undefined) tables.runningOf.get(row.owner)?.delete(row)
    }
  }

  #enter(row: JobRow, from: JobClass): void {
    const { tables } = this
    const { queue, type } = row.job
    this.#count(queue, type, row.state, 1)
    const { deadline, version } = row
    const isCurrent = () => row.version === version
    switch (row.state) {
      case "queued":
        tables.typeOf(queue, type).queuedByRank.add(row.rank, row, isCurrent)
        tables.queue(queue).queuedByDue.add(row.runAt, row, isCurrent)
        break
      case "scheduled":
      case "retrying":
        tables.due.add(row.runAt, row, isCurrent)
        break
      case "dispatched":
        tables.typeOf(queue, type).dispatched.add(row)
        break
      case "running": {
        tables.running.add(row)
        if (row.owner === undefined) break
        const own = tables.runningOf.get(row.owner)
        if (own === undefined) tables.runningOf.set(row.owner, new Set([row]))
        else own.add(row)
      }
    }
    if (deadline !== undefined && classOf(row.state) === "waiting" && from !== "waiting") {
      tables.deadlines.add(deadline, row, () => row.deadline === deadline && classOf(row.state) === "waiting")
    }
  }

  #count(queue: QueueName, type: JobTypeName, key: CounterKey, n: number): void {
    this.tables.typeOf(queue, type).counters[key] += n
    const delta = `${queue}/${type}/${key}`
    this.#deltas.set(delta, (this.#deltas.get(delta) ?? 0) + n)
  }
}

/** Ids come almost in order: the place is looked for from the end. */
const insertSorted = (ids: Array<JobId>, id: JobId): void => {
  let index = ids.length
  while (index > 0 && id < (ids[index - 1] ?? id)) index -= 1
  if (index === ids.length) ids.push(id)
  else ids.splice(index, 0, id)
}
