/**
 * The write side over HTTP: jobs are submitted, cancelled and replayed, queues paused and resumed, tokens managed.
 *
 * `202 Accepted` means committed: the job is in the store of truth and will not be lost.
 */
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Role, TokenName, TokenView } from "../Access.ts"
import { IdempotencyKey, JobId, maxBatchJobs, QueueName, SubmitJob } from "../Job.ts"
import { JobStatus } from "../JobStatus.ts"
import { apiVersion, describe, license, strict, tidy } from "./apiDocument.ts"
import { Authorization, ProblemAnswers } from "./Authorization.ts"
import { OpsGroup } from "./OpsApi.ts"
import {
  bodyProblems,
  InvalidPayload,
  KeyConflict,
  OutcomeUnknown,
  PayloadTooLarge,
  ProblemIssue,
  RefusedByStore,
  TokenNameTaken,
  Unavailable,
  UnknownJob,
  UnknownQueue,
  UnknownToken,
  UnknownType,
  WrongJobState,
  WrongQueueState
} from "./Problems.ts"

const storeProblems = [Unavailable, OutcomeUnknown] as const
const jobPath = { jobId: JobId }
const queuePath = { name: QueueName }

export const AcceptedJob = Schema.Struct({
  jobId: JobId,
  /** Id of the event that says that the job was created. */
  eventId: Schema.String,
  status: JobStatus
}).annotate({ identifier: "AcceptedJob" })
export type AcceptedJob = typeof AcceptedJob.Type

/** What a batch says of a job that it did not accept: the problem document that the job alone would have got. */
export const ItemProblem = Schema.Struct({
  type: Schema.String,
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.optionalKey(Schema.String),
  errors: Schema.optionalKey(Schema.Array(ProblemIssue)),
  /** The job that an idempotency key already stands for. */
  jobId: Schema.optionalKey(JobId)
}).annotate({ identifier: "ItemProblem" })
export type ItemProblem = typeof ItemProblem.Type

export const BatchResult = Schema.Union([
  Schema.Struct({
    outcome: Schema.Literal("accepted"),
    ...AcceptedJob.fields,
    /** True when the idempotency key was known and this is the first answer again. */
    replayed: Schema.Boolean
  }).annotate({ identifier: "AcceptedItem" }),
  Schema.Struct({ outcome: Schema.Literal("refused"), problem: ItemProblem }).annotate({ identifier: "RefusedItem" })
]).annotate({ identifier: "BatchResult" })
export type BatchResult = typeof BatchResult.Type

export const SubmitBatch = Schema.Struct({
  jobs: Schema.Array(SubmitJob).check(Schema.isMaxLength(maxBatchJobs))
}).annotate({ identifier: "SubmitBatch" })

export const BatchAnswer = Schema.Struct({
  /** In the order of the jobs. */
  results: Schema.Array(BatchResult)
}).annotate({ identifier: "BatchAnswer" })
export type BatchAnswer = typeof BatchAnswer.Type

export const JobCancelled = Schema.Struct({
  jobId: JobId,
  eventId: Schema.String,
  status: Schema.Literal("cancelled")
}).annotate({ identifier: "JobCancelled" })

export const CancelRequested = Schema.Struct({
  jobId: JobId,
  eventId: Schema.String,
  status: Schema.Literal("cancel-requested"),
  /** The worker that runs it and will be told. */
  worker: Schema.String
}).annotate({ identifier: "CancelRequested" })

export const JobReplayed = Schema.Struct({
  jobId: JobId,
  eventId: Schema.String,
  status: Schema.Literal("queued")
}).annotate({ identifier: "JobReplayed" })

export const QueuePaused = Schema.Struct({
  queue: QueueName,
  paused: Schema.Literal(true),
  /** Jobs that had been handed out and wait in the store again. */
  recalled: Schema.Int
}).annotate({ identifier: "QueuePaused" })

export const QueueResumed = Schema.Struct({ queue: QueueName, paused: Schema.Literal(false) }).annotate({
  identifier: "QueueResumed"
})

export const CreateToken = Schema.Struct({ name: TokenName, role: Role }).annotate({ identifier: "CreateToken" })

/** The only time that the token itself is shown. */
export const TokenCreated = Schema.Struct({ ...TokenView.fields, token: Schema.String }).annotate({
  identifier: "TokenCreated"
})

export class JobsGroup extends HttpApiGroup.make("jobs")
  .add(
    HttpApiEndpoint.post("submit", "/jobs", {
      headers: { "idempotency-key": Schema.optionalKey(IdempotencyKey) },
      payload: SubmitJob,
      success: AcceptedJob.pipe(HttpApiSchema.status(202)),
      error: [
        ...bodyProblems,
        ...storeProblems,
        KeyConflict,
        PayloadTooLarge,
        UnknownType,
        InvalidPayload,
        RefusedByStore
      ]
    })
      .annotateMerge(describe({
        role: "operator",
        summary: "Submit a job",
        description:
          "202 means that the job is committed. With an Idempotency-Key the request may be repeated safely: the same body gets the first answer again, another body 409.",
        headers: {
          status: 202,
          names: {
            Location: "Where the job can be read",
            "Idempotency-Replayed": "`true` when this is the first answer again"
          }
        }
      })),
    HttpApiEndpoint.post("submitBatch", "/jobs/batch", {
      payload: SubmitBatch,
      success: BatchAnswer.pipe(HttpApiSchema.status(202)),
      error: [...bodyProblems, ...storeProblems]
    })
      .annotateMerge(
        describe({
          role: "operator",
          summary: `Submit up to ${maxBatchJobs} jobs`,
          description: "Each job is accepted or refused by itself; the results are in the order of the jobs."
        })
      ),
    HttpApiEndpoint.post("cancel", "/jobs/:jobId/cancel", {
      params: jobPath,
      success: [JobCancelled, CancelRequested.pipe(HttpApiSchema.status(202))],
      error: [...storeProblems, UnknownJob, WrongJobState]
    })
      .annotateMerge(
        describe({
          role: "operator",
          summary: "Cancel a job",
          description:
            "A waiting job is cancelled at once (200); a running one is asked to stop (202), and its first outcome wins."
        })
      ),
    HttpApiEndpoint.post("replay", "/jobs/:jobId/replay", {
      params: jobPath,
      success: JobReplayed,
      error: [...storeProblems, UnknownJob, WrongJobState]
    })
      .annotateMerge(describe({ role: "operator", summary: "Run a dead job again, with no failures against it" }))
  )
  .middleware(Authorization)
  .middleware(ProblemAnswers)
  .annotateMerge(OpenApi.annotations({ title: "Jobs" }))
{}

export class QueuesGroup extends HttpApiGroup.make("queues")
  .add(
    HttpApiEndpoint.post("pause", "/queues/:name/pause", {
      params: queuePath,
      success: QueuePaused,
      error: [...storeProblems, UnknownQueue, WrongQueueState]
    })
      .annotateMerge(describe({ role: "operator", summary: "Pause a queue: no job of it starts, what runs goes on" })),
    HttpApiEndpoint.post("resume", "/queues/:name/resume", {
      params: queuePath,
      success: QueueResumed,
      error: [...storeProblems, UnknownQueue, WrongQueueState]
    })
      .annotateMerge(describe({ role: "operator", summary: "Resume a queue" }))
  )
  .middleware(Authorization)
  .middleware(ProblemAnswers)
  .annotateMerge(OpenApi.annotations({ title: "Queues" }))
{}

export class TokensGroup extends HttpApiGroup.make("tokens")
  .add(
    HttpApiEndpoint.get("list", "/tokens", {
      success: Schema.Struct({ tokens: Schema.Array(TokenView) }),
      error: Unavailable
    })
      .annotateMerge(describe({ role: "admin", summary: "List tokens, revoked ones included" })),
    HttpApiEndpoint.post("create", "/tokens", {
      payload: CreateToken,
      success: TokenCreated.pipe(HttpApiSchema.status(201)),
      error: [...bodyProblems, ...storeProblems, TokenNameTaken]
    })
      .annotateMerge(describe({ role: "admin", summary: "Make a token; it is shown once, only its hash is kept" })),
    HttpApiEndpoint.delete("revoke", "/tokens/:name", {
      params: { name: TokenName },
      success: HttpApiSchema.NoContent,
      error: [...storeProblems, UnknownToken]
    })
      .annotateMerge(describe({ role: "admin", summary: "Revoke a token; it ends within seconds everywhere" }))
  )
  .middleware(Authorization)
  .middleware(ProblemAnswers)
  .annotateMerge(OpenApi.annotations({ title: "Tokens" }))
{}

export class GatewayApi extends HttpApi.make("gateway")
  .add(JobsGroup, QueuesGroup, TokensGroup, OpsGroup)
  .annotateMerge(strict)
  .annotateMerge(tidy)
  .annotateMerge(OpenApi.annotations({
    title: "Task observatory: gateway",
    version: apiVersion,
    description: "The write side: submit, cancel and replay jobs, pause and resume queues.",
    license
  }))
{}
