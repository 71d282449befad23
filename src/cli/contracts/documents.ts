/** Every contract that crosses a process boundary, as files: generated from the schemas that the programs run by. */
import { AcceptedJob, BatchAnswer, GatewayApi, SubmitBatch } from "#domain/contract/GatewayApi.ts"
import { ReadModelApi } from "#domain/contract/ReadModelApi.ts"
import { JobTimeline } from "#domain/contract/ReadModelViews.ts"
import { SubmitJob } from "#domain/Job.ts"
import { CloudEvent } from "#domain/JobEvent.ts"
import { JobTypeDescription } from "#domain/JobType.ts"
import { JobSummary, JobView } from "#domain/JobView.ts"
import { HintBody } from "#infra/amqp/messages.ts"
import { Schema } from "effect"
import { OpenApi } from "effect/http-api"

import { asyncApi } from "./asyncApi.ts"
import { eventSchemas } from "./eventSchemas.ts"
import { type JsonMap, schemaFile, toJson } from "./jsonSchema.ts"

/** What clients send; the programs refuse fields that they do not know. */
const requests: Readonly<Record<string, Schema.Top>> = { "submit-job": SubmitJob, "submit-batch": SubmitBatch }

/** What the programs say. */
const answers: Readonly<Record<string, Schema.Top>> = {
  "accepted-job": AcceptedJob,
  "batch-answer": BatchAnswer,
  job: JobView,
  "job-summary": JobSummary,
  "job-timeline": JobTimeline,
  "job-type": JobTypeDescription,
  "cloud-event": CloudEvent,
  hint: Schema.toEncoded(Schema.toType(HintBody))
}

/** Files that clients write by, all others are what they read. */
export const requestFiles: ReadonlySet<string> = new Set(
  Object.keys(requests).map((name) => `schemas/${name}.schema.json`)
)

/** By path below the folder of the contracts. */
export const documents = (): ReadonlyMap<string, JsonMap> =>
  new Map<string, JsonMap>([
    ["asyncapi.json", asyncApi],
    ["openapi.gateway.json", toJson(OpenApi.fromApi(GatewayApi))],
    ["openapi.read-model.json", toJson(OpenApi.fromApi(ReadModelApi))],
    ...Object.entries(requests).map(([name, schema]) =>
      [`schemas/${name}.schema.json`, schemaFile(name, schema, { strict: true })] as const
    ),
    ...Object.entries(answers).map(([name, schema]) =>
      [`schemas/${name}.schema.json`, schemaFile(name, schema)] as const
    ),
    ...eventSchemas.map(([name, schema]) => [`schemas/events/${name}.schema.json`, schemaFile(name, schema)] as const)
  ])

/** As it stands in the file. */
export const textOf = (document: JsonMap): string => `${JSON.stringify(document, undefined, 2)}\n`
