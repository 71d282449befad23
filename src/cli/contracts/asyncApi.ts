/** The AsyncAPI 3.0 document: what is on the broker, made from the names and schemas that the AMQP side uses. */
import { apiVersion, license } from "#domain/contract/apiDocument.ts"
import { JobTypeName, QueueName } from "#domain/Job.ts"
import { CloudEvent } from "#domain/JobEvent.ts"
import { HintBody, SpineHeaders } from "#infra/amqp/messages.ts"
import { archiveKey, archiveQueue, eventsExchange, jobQueueName, liveKey } from "#infra/amqp/topology.ts"
import { Schema } from "effect"
import { type JsonMap, schemaParts, textIn } from "./jsonSchema.ts"

const base = "#/components/schemas/"
const hint = schemaParts(Schema.toEncoded(Schema.toType(HintBody)), base)
const headers = schemaParts(Schema.toEncoded(SpineHeaders), base)
const batch = schemaParts(Schema.Array(CloudEvent), base)

/** A name that is not a queue's, to be filled in by the reader. */
const address = jobQueueName(
  QueueName.make("{queue}", { disableChecks: true }),
  JobTypeName.make("{type}", { disableChecks: true })
)

const patternOf = (schema: Schema.Top): string =>
  textIn(schemaParts(schema, base).root["$ref"] ?? "").slice(base.length)

const amqp = { bindingVersion: "0.3.0" }
const spine = (key: string, description: string): JsonMap => ({
  address: key,
  description,
  messages: { logRow: { $ref: "#/components/messages/logRow" } },
  bindings: {
    amqp: {
      is: "routingKey",
      exchange: { name: eventsExchange, type: "direct", durable: true, autoDelete: false },
      ...amqp
    }
  }
})

const operation = (action: "send" | "receive", channel: string, summary: string): JsonMap => ({
  action,
  channel: { $ref: `#/channels/${channel}` },
  summary
})

export const asyncApi: JsonMap = {
  asyncapi: "3.0.0",
  info: {
    title: "Task observatory: messages",
    version: apiVersion,
    description:
      "Hints tell workers that jobs wait; the store of truth decides who gets them, so a lost or repeated hint does no harm. " +
      "The event spine carries what happened to jobs, each event at least once: its id tells repeats apart.",
    license: { ...license }
  },
  defaultContentType: "application/json",
  channels: {
    hints: {
      address,
      description: "One quorum queue per queue and job type, made when it is first needed.",
      parameters: {
        queue: { description: `Name of the queue, see the schema ${patternOf(QueueName)}` },
        type: { description: `Name of the job type, see the schema ${patternOf(JobTypeName)}` }
      },
      messages: { hint: { $ref: "#/components/messages/hint" } },
      bindings: { amqp: { is: "queue", queue: { durable: true, exclusive: false, autoDelete: false }, ...amqp } }
    },
    eventsForArchive: spine(
      archiveKey,
      `To the quorum queue ${archiveQueue}, which refuses when it is full: events then wait in the event log.`
    ),
    eventsLive: spine(liveKey, "To an exclusive queue per reader, in which the oldest messages give way.")
  },
  operations: {
    sendHint: operation("send", "hints", "The dispatcher hands out jobs"),
    receiveHint: operation("receive", "hints", "A processor asks the store for the jobs of the hint"),
    sendEventsForArchive: operation("send", "eventsForArchive", "The relay of the dispatcher passes on the event log"),
    receiveEventsForArchive: operation("receive", "eventsForArchive", "The metrics engine archives and counts events"),
    sendEventsLive: operation("send", "eventsLive", "The relay of the dispatcher passes on the event log"),
    receiveEventsLive: operation("receive", "eventsLive", "The read model feeds event streams")
  },
  components: {
    messages: {
      hint: {
        name: "odto.hint.v1",
        title: "Jobs that wait, each with how often it was handed out",
        contentType: "application/json",
        headers: {
          type: "object",
          properties: { traceparent: { type: "string", description: "W3C trace context of the job" } }
        },
        payload: hint.root
      },
      logRow: {
        name: "odto.log-row.v1",
        title: "One row of the event log: a batch of CloudEvents that were committed together",
        contentType: "application/cloudevents-batch+json",
        headers: headers.root,
        payload: batch.root
      }
    },
    schemas: {
      ...hint.definitions,
      ...headers.definitions,
      ...batch.definitions,
      ...schemaParts(QueueName, base).definitions,
      ...schemaParts(JobTypeName, base).definitions
    }
  }
}
