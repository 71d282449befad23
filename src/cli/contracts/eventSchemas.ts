/**
 * One schema per event type: the envelope that all share, and what the type says in `data.detail`.
 *
 * Consumers must bear more fields than these: new ones may come without a new version of the type.
 */
import { AttemptError, JobId, JobTypeName, Progress, QueueName } from "#domain/Job.ts"
import {
  CloudEvent,
  type CloudEventType,
  cloudEventType,
  type EventType,
  jobEventTypes,
  operatorEventTypes
} from "#domain/JobEvent.ts"
import { Schema } from "effect"

const optional = Schema.optionalKey
const worker = Schema.String.annotate({ description: "The worker that ran the attempt" })
const runMillis = Schema.Finite.annotate({ description: "Milliseconds from claim to end" })
const actor = Schema.String.annotate({ description: "Who asked for it" })
const anyDetail = Schema.Record(Schema.String, Schema.Json)

/** What is always there is required; types without an entry say nothing more. */
const details: Partial<Record<EventType, Schema.Top>> = {
  started: Schema.Struct({
    worker,
    waitMillis: Schema.Finite.annotate({ description: "Milliseconds from due to claimed" })
  }),
  progressed: Schema.Struct({ progress: Progress }),
  "attempt-failed": Schema.Struct({ worker, runMillis, error: AttemptError }),
  "retry-scheduled": Schema.Struct({
    delayMillis: Schema.Finite.annotate({ description: "Milliseconds until it is due again" })
  }),
  completed: Schema.Struct({ worker, runMillis }),
  "dead-lettered": Schema.Struct({ reason: Schema.String, worker: optional(worker), runMillis: optional(runMillis) }),
  "cancel-requested": Schema.Struct({ actor }),
  cancelled: Schema.Struct({ actor: optional(actor), worker: optional(worker), runMillis: optional(runMillis) }),
  replayed: Schema.Struct({ actor }),
  released: Schema.Struct({ worker, runMillis }),
  "completion-refused": Schema.Struct({
    reason: optional(Schema.String),
    outcome: Schema.String,
    worker: optional(worker),
    lateAttempt: optional(Schema.Int)
  }),
  "queue-paused": Schema.Struct({ actor }),
  "queue-resumed": Schema.Struct({ actor })
}

const { data, ...envelope } = CloudEvent.fields

const titled = (type: EventType) => ({
  ...envelope,
  type: Schema.Literal(cloudEventType(type)),
  dataschema: Schema.Literal(`urn:odto:schema:${cloudEventType(type)}`)
})

const dataOf = (type: EventType) => {
  const detail = details[type]
  return { ...data.fields, queue: QueueName, detail: detail ?? optional(anyDetail) }
}

const jobEvent = (type: EventType) =>
  Schema.Struct({
    ...titled(type),
    id: Schema.String.annotate({ description: "<job id>:<sequence>" }),
    subject: JobId,
    sequence: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)),
    data: Schema.Struct({ ...dataOf(type), jobType: JobTypeName })
  })

const operatorEvent = (type: EventType) =>
  Schema.Struct({
    ...titled(type),
    subject: Schema.String.check(Schema.isPattern(/^queue\/[a-z0-9][a-z0-9_-]{0,62}$/u)),
    data: Schema.Struct(dataOf(type))
  })

/** Every event type with its schema. */
export const eventSchemas: ReadonlyArray<readonly [name: CloudEventType, schema: Schema.Top]> = [
  ...jobEventTypes.map((type) => [cloudEventType(type), jobEvent(type)] as const),
  ...operatorEventTypes.map((type) => [cloudEventType(type), operatorEvent(type)] as const)
]
