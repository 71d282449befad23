/** From request bodies to submissions, and from the intake's answers to what the client is told. Plain functions: they run for every job. */
import type { BatchResult } from "#domain/contract/GatewayApi.ts"
import {
  InvalidPayload,
  type InvalidRequest,
  KeyConflict,
  PayloadTooLarge,
  type ProblemIssue,
  RefusedByStore,
  UnknownType,
  type UnstorableText
} from "#domain/contract/Problems.ts"
import { type JsonObject, maxPayloadBytes, SubmitJob } from "#domain/Job.ts"
import type { IntakeAnswer } from "#services/gateway/Intake.ts"
import { Result, Schema } from "effect"
import { sentence } from "./issues.ts"
import { type Body, decoderOf, unstorableIn, unstorableText } from "./requestBody.ts"

/** What `JSON.parse` made is JSON; looking for an object is enough, and a payload is the larger part of a job. */
const ParsedObject = Schema.declare(
  (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value),
  { expected: "an object" }
)
const decode = decoderOf(Schema.Struct({ ...SubmitJob.fields, payload: Schema.optionalKey(ParsedObject) }))

/** A small body cannot hold a large payload, so most are not measured. */
const payloadIsTooLarge = (body: Body, job: SubmitJob): boolean =>
  body.bytes > maxPayloadBytes && job.payload !== undefined &&
  Buffer.byteLength(JSON.stringify(job.payload)) > maxPayloadBytes

/** One job of a body, found at `prefix` (JSON Pointer). */
export const jobOf = (
  body: Body,
  value: unknown,
  prefix: string
): Result.Result<SubmitJob, UnstorableText | InvalidRequest | PayloadTooLarge> => {
  const unstorable = unstorableIn(body, value, prefix)
  if (unstorable.length > 0) return Result.fail(unstorableText(unstorable))
  const job = decode(value, prefix)
  if (Result.isFailure(job) || !payloadIsTooLarge(body, job.success)) return job
  const message = `larger than ${maxPayloadBytes} bytes; keep large data elsewhere and send its address`
  return Result.fail(
    new PayloadTooLarge({
      detail: `${prefix}/payload: ${message}`,
      limit: maxPayloadBytes,
      errors: [{ in: "body", path: `${prefix}/payload`, message }]
    })
  )
}

type Refusal = Exclude<IntakeAnswer, { readonly _tag: "Accepted" | "Replayed" }>

const inBody = (path: string, message: string): ProblemIssue => ({ in: "body", path, message })

/** Why the job at `prefix` was not accepted. */
export const refusalOf = (
  answer: Refusal,
  prefix: string
): UnknownType | InvalidPayload | KeyConflict | RefusedByStore => {
  switch (answer._tag) {
    case "UnknownType": {
      const message = `no worker ever registered the type ${answer.type}`
      return new UnknownType({ detail: message, errors: [inBody(`${prefix}/type`, message)] })
    }
    case "InvalidPayload": {
      const errors = answer.issues.map(({ message, path }) => inBody(`${prefix}/payload${path}`, message))
      return new InvalidPayload({ detail: sentence(errors), errors })
    }
    case "KeyConflict":
      return new KeyConflict({
        detail: `The key was used for job ${answer.jobId} with another body.`,
        jobId: answer.jobId
      })
    case "Refused":
      return new RefusedByStore({ detail: answer.detail })
  }
}

type ItemRefusal =
  | UnstorableText
  | InvalidRequest
  | PayloadTooLarge
  | UnknownType
  | InvalidPayload
  | KeyConflict
  | RefusedByStore

/** A refused job in the answer to its batch. */
export const refused = ({ detail, status, title, type, ...rest }: ItemRefusal): BatchResult => ({
  outcome: "refused",
  problem: {
    type,
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    ...("errors" in rest ? { errors: rest.errors } : {}),
    ...("jobId" in rest ? { jobId: rest.jobId } : {})
  }
})

/** What a batch says of one of its jobs. */
export const itemOf = (answer: IntakeAnswer, prefix: string): BatchResult =>
  answer._tag === "Accepted" || answer._tag === "Replayed"
    ? {
      outcome: "accepted",
      jobId: answer.jobId,
      eventId: answer.eventId,
      status: answer.status,
      replayed: answer._tag === "Replayed"
    }
    : refused(refusalOf(answer, prefix))
