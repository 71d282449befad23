/**
 * What happened to a job, as it is logged, sent and archived.
 *
 * One transaction writes one or more log rows, each with the batch of its events: the row is one AMQP message
 * (CloudEvents 1.0, JSON batch) and one archived document. Inside, an event is the compact `LogEvent`; outside it is
 * the `CloudEvent`. The event id is `<jobId>:<seq>`: repeats collapse and contradictions show.
 */
import { Schema } from "effect"
import { JobId } from "./Job.ts"
import { JobClass } from "./JobStatus.ts"
import { Position } from "./Position.ts"

export const jobEventTypes = [
  "created",
  "dispatched",
  "started",
  "progressed",
  "attempt-failed",
  "retry-scheduled",
  "completed",
  "dead-lettered",
  "cancel-requested",
  "cancelled",
  "replayed",
  "released",
  "lease-expired",
  "completion-refused"
] as const
export const operatorEventTypes = ["queue-paused", "queue-resumed"] as const
export const EventType = Schema.Literals([...jobEventTypes, ...operatorEventTypes]).annotate({
  identifier: "EventType"
})
export type EventType = typeof EventType.Type

/** Milliseconds since 1970 that a Date can hold. */
const Millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 8_640_000_000_000_000 }))

/**
 * One event as PostgreSQL writes it. Operator events have no `job` and no `seq`; their subject is in `queue`.
 * `from` and `to` differ in exactly one event of a transition: the books are the sum of them.
 */
export const LogEvent = Schema.Struct({
  type: EventType,
  job: Schema.optionalKey(JobId),
  /** Per job: 1, 2, 3 … without gaps. */
  seq: Schema.optionalKey(Schema.Int),
  /** PostgreSQL's clock. */
  at: Millis,
  from: JobClass,
  to: JobClass,
  attempt: Schema.optionalKey(Schema.Int),
  queue: Schema.String,
  jobType: Schema.optionalKey(Schema.String),
  traceparent: Schema.optionalKey(Schema.String),
  correlationId: Schema.optionalKey(Schema.String),
  /**
   * What the type of event adds: `worker` (started, and every end of an attempt), `waitMillis` (started), `runMillis`
   * (completed, attempt-failed, released, cancelled while it ran), `error` (attempt-failed), `delayMillis`
   * (retry-scheduled), `reason` (dead-lettered, completion-refused), `outcome` and `lateAttempt` (completion-refused),
   * `actor` (what people did), `progress` (progressed).
   */
  data: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json))
}).annotate({ identifier: "LogEvent" })
export type LogEvent = typeof LogEvent.Type

/** One row of the event log with its place. */
export const LogRow = Schema.Struct({
  /** Counts restores and fail-overs of PostgreSQL: ids and transaction ids may repeat in the next epoch. */
  epoch: Schema.Int,
  position: Position,
  /** PostgreSQL's clock when the row was written. */
  at: Millis,
  /** Program and instance that wrote it: `gateway/host-1`. */
  source: Schema.String,
  events: Schema.Array(LogEvent)
})
export type LogRow = typeof LogRow.Type

/** The archive's key: an id means something within its epoch only. */
export const archiveId = (row: LogRow): string => `${row.epoch}:${row.position.id}`

export type CloudEventType =
  | `odto.job.${typeof jobEventTypes[number]}.v1`
  | "odto.queue.paused.v1"
  | "odto.queue.resumed.v1"

/** The CloudEvents `type` of a log event: `odto.job.created.v1`, `odto.queue.paused.v1`. */
export const cloudEventType = (type: EventType): CloudEventType => {
  switch (type) {
    case "queue-paused":
      return "odto.queue.paused.v1"
    case "queue-resumed":
      return "odto.queue.resumed.v1"
    default:
      return `odto.job.${type}.v1`
  }
}

/** The inverse of `cloudEventType`. */
const eventTypes: Record<CloudEventType, EventType> = {
  "odto.job.created.v1": "created",
  "odto.job.dispatched.v1": "dispatched",
  "odto.job.started.v1": "started",
  "odto.job.progressed.v1": "progressed",
  "odto.job.attempt-failed.v1": "attempt-failed",
  "odto.job.retry-scheduled.v1": "retry-scheduled",
  "odto.job.completed.v1": "completed",
  "odto.job.dead-lettered.v1": "dead-lettered",
  "odto.job.cancel-requested.v1": "cancel-requested",
  "odto.job.cancelled.v1": "cancelled",
  "odto.job.replayed.v1": "replayed",
  "odto.job.released.v1": "released",
  "odto.job.lease-expired.v1": "lease-expired",
  "odto.job.completion-refused.v1": "completion-refused",
  "odto.queue.paused.v1": "queue-paused",
  "odto.queue.resumed.v1": "queue-resumed"
}

const isJobId = Schema.is(JobId)

/** CloudEvents 1.0 in its JSON format, with our extension attributes. */
export const CloudEvent = Schema.Struct({
  specversion: Schema.Literal("1.0"),
  id: Schema.String,
  source: Schema.String,
  type: Schema.Literals([...jobEventTypes, ...operatorEventTypes].map(cloudEventType)),
  subject: Schema.String,
  /** RFC 3339 with milliseconds. */
  time: Schema.String,
  dataschema: Schema.String,
  datacontenttype: Schema.Literal("application/json"),
  sequence: Schema.optionalKey(Schema.Int),
  attempt: Schema.optionalKey(Schema.Int),
  correlationid: Schema.optionalKey(Schema.String),
  /** Id of the event before it in the life of the same job. */
  causationid: Schema.optionalKey(Schema.String),
  traceparent: Schema.optionalKey(Schema.String),
  data: Schema.Struct({
    queue: Schema.String,
    jobType: Schema.optionalKey(Schema.String),
    from: JobClass,
    to: JobClass,
    detail: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json))
  })
}).check(
  Schema.makeFilter((event) => event.sequence === undefined || isJobId(event.subject), {
    message: "the subject of an event with a sequence is a job"
  }),
  Schema.makeFilter((event) => !Number.isNaN(Date.parse(event.time)), { message: "the time is an instant" })
).annotate({ identifier: "CloudEvent" })
export type CloudEvent = typeof CloudEvent.Type

/** The event as others see it. `index` is its place in the row, which names events that belong to no job. */
export const toCloudEvent = (row: LogRow, event: LogEvent, index: number): CloudEvent => ({
  specversion: "1.0",
  id: event.job === undefined ? `log:${archiveId(row)}:${index}` : `${event.job}:${event.seq}`,
  source: `odto/${row.source}`,
  type: cloudEventType(event.type),
  subject: event.job ?? `queue/${event.queue}`,
  time: new Date(event.at).toISOString(),
  dataschema: `urn:odto:schema:${cloudEventType(event.type)}`,
  datacontenttype: "application/json",
  ...(event.seq === undefined ? {} : { sequence: event.seq }),
  ...(event.attempt === undefined ? {} : { attempt: event.attempt }),
  ...(event.correlationId === undefined ? {} : { correlationid: event.correlationId }),
  ...(event.job === undefined || event.seq === undefined || event.seq < 2
    ? {}
    : { causationid: `${event.job}:${event.seq - 1}` }),
  ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
  data: {
    queue: event.queue,
    ...(event.jobType === undefined ? {} : { jobType: event.jobType }),
    from: event.from,
    to: event.to,
    ...(event.data === undefined ? {} : { detail: event.data })
  }
})

/** The inverse of `toCloudEvent`; the input must have been decoded by `CloudEvent`. */
export const fromCloudEvent = (event: CloudEvent): LogEvent => ({
  type: eventTypes[event.type],
  ...(event.sequence === undefined
    ? {}
    : { job: JobId.make(event.subject, { disableChecks: true }), seq: event.sequence }),
  at: Date.parse(event.time),
  from: event.data.from,
  to: event.data.to,
  ...(event.attempt === undefined ? {} : { attempt: event.attempt }),
  queue: event.data.queue,
  ...(event.data.jobType === undefined ? {} : { jobType: event.data.jobType }),
  ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
  ...(event.correlationid === undefined ? {} : { correlationId: event.correlationid }),
  ...(event.data.detail === undefined ? {} : { data: event.data.detail })
})
