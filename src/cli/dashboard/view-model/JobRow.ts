/** One job in a list: as the store told it, or as far as its events tell. */
import { type CloudEvent, fromCloudEvent, type LogEvent } from "#domain/JobEvent.ts"
import type { JobStatus } from "#domain/JobStatus.ts"
import type { JobSummary } from "#domain/JobView.ts"
import type { JobQuery } from "./jobQuery.ts"
import { madeAt } from "./words.ts"

export interface JobRow {
  readonly id: string
  readonly type: string
  readonly queue: string
  readonly status: JobStatus
  readonly attempt: number
  /** Attempts that do not count against the limit: those before a replay, and those that were given back. */
  readonly uncounted: number
  readonly maxAttempts: number
  readonly priority: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly percent: number | undefined
  readonly tags: ReadonlyArray<string>
  readonly correlationId: string | undefined
  readonly worker: string | undefined
  readonly isCancelRequested: boolean
  /** False while only events have told of it: what they do not say is not known. */
  readonly isRead: boolean
  /** It no longer fits the filter, and stays as long as it is selected. */
  readonly hasLeft: boolean
}

/** Names repeat in every row; one string for all of them keeps a hundred thousand rows small. */
const names = new Map<string, string>()
/** Types, queues and workers that are told apart before the store of names starts anew. */
const maxNames = 10_000
const shared = (name: string): string => {
  const known = names.get(name)
  if (known !== undefined) return known
  if (names.size >= maxNames) names.clear()
  names.set(name, name)
  return name
}

const noTags: ReadonlyArray<string> = []

/** Failures count, and the attempt that is under way or has completed. */
const countedIn = ({ failures, status }: JobSummary): number =>
  failures + (status === "running" || status === "completed" ? 1 : 0)

export const rowOf = (job: JobSummary): JobRow => ({
  id: job.id,
  type: shared(job.type),
  queue: shared(job.queue),
  status: job.status,
  attempt: job.attempt,
  uncounted: Math.max(0, job.attempt - countedIn(job)),
  maxAttempts: job.maxAttempts,
  priority: job.priority,
  createdAt: Date.parse(job.createdAt),
  updatedAt: Date.parse(job.updatedAt),
  percent: job.progress?.percent,
  tags: job.tags.length === 0 ? noTags : job.tags,
  correlationId: job.correlationId ?? undefined,
  worker: job.worker === null ? undefined : shared(job.worker),
  isCancelRequested: job.cancelRequestedAt !== null,
  isRead: true,
  hasLeft: false
})

/** The status that an event leaves a job in; undefined when it changes nothing of it. */
const statusAfter = ({ to, type }: LogEvent): JobStatus | undefined => {
  switch (type) {
    case "created":
    case "dispatched":
    case "replayed":
    case "released":
      return "queued"
    case "started":
      return "running"
    case "retry-scheduled":
      return "retrying"
    case "completed":
      return "completed"
    case "dead-lettered":
      return "dead"
    case "cancelled":
      return "cancelled"
    case "lease-expired":
      return to === "dead" ? "dead" : to === "cancelled" ? "cancelled" : to === "waiting" ? "queued" : undefined
    default:
      return undefined
  }
}

/** The row of a job of which nothing but this event is known. */
const rowOfEvent = (event: LogEvent, id: string): JobRow => ({
  id,
  type: shared(event.jobType ?? ""),
  queue: shared(event.queue),
  status: "queued",
  attempt: event.attempt ?? 0,
  uncounted: 0,
  maxAttempts: 0,
  priority: 0,
  createdAt: madeAt(id),
  updatedAt: event.at,
  percent: undefined,
  tags: noTags,
  correlationId: event.correlationId,
  worker: undefined,
  isCancelRequested: false,
  isRead: false,
  hasLeft: false
})

const percentIn = (event: LogEvent): number | undefined => {
  const progress = event.data?.["progress"]
  return typeof progress === "object" && progress !== null && "percent" in progress &&
      typeof progress["percent"] === "number"
    ? progress["percent"]
    : undefined
}

/** The row after the event; a row that is newer than the event stays as it is. */
export const afterEvent = (row: JobRow | undefined, cloudEvent: CloudEvent): JobRow | undefined => {
  const event = fromCloudEvent(cloudEvent)
  if (event.job === undefined) return row
  const before = row ?? rowOfEvent(event, event.job)
  if (row !== undefined && event.at < row.updatedAt) return row
  const status = statusAfter(event) ?? before.status
  return {
    ...before,
    status,
    attempt: event.attempt ?? before.attempt,
    updatedAt: event.at,
    percent: status === "running" ? percentIn(event) ?? before.percent : undefined,
    uncounted: event.type === "replayed"
      ? before.attempt
      : event.type === "released"
      ? before.uncounted + 1
      : before.uncounted,
    // Events have the id of the worker, and people know it by its name: that comes with the next reading.
    worker: status === "running" && event.type !== "started" ? before.worker : undefined,
    isCancelRequested: status === "running" && (event.type === "cancel-requested" || before.isCancelRequested)
  }
}

/** Whether the filter of the API takes the row; undefined where only the store can say. */
export const fits = (query: JobQuery, row: JobRow): boolean | undefined => {
  if (query.status.length > 0 && !query.status.includes(row.status)) return false
  if (query.type.length > 0 && !query.type.some((type) => type === row.type)) return false
  if (query.queue.length > 0 && !query.queue.some((queue) => queue === row.queue)) return false
  if (query.correlationId !== undefined && query.correlationId !== row.correlationId) return false
  if (query.createdAfter !== undefined && row.createdAt < query.createdAfter.epochMilliseconds) return false
  if (query.createdBefore !== undefined && row.createdAt >= query.createdBefore.epochMilliseconds) return false
  if (query.idempotencyKey !== undefined && !row.isRead) return undefined
  if (query.tag.length > 0) return row.isRead ? query.tag.every((tag) => row.tags.includes(tag)) : undefined
  return true
}

/** Whether the free words of the filter are in the row. */
export const hasWords = (words: ReadonlyArray<string>, row: JobRow): boolean =>
  words.every((word) =>
    row.id.includes(word) || row.type.includes(word) || row.queue.includes(word) || row.status.includes(word) ||
    row.tags.some((tag) => tag.toLowerCase().includes(word)) || row.worker?.toLowerCase().includes(word) === true ||
    row.correlationId?.toLowerCase().includes(word) === true
  )
