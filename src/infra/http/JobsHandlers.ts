/**
 * Submitting, cancelling and replaying over HTTP.
 *
 * The two ways to submit read their bodies themselves: one compiled decoder for single jobs and batches, and in a batch
 * every job has its own answer.
 */
import { CurrentActor } from "#domain/contract/Authorization.ts"
import { type BatchResult, GatewayApi } from "#domain/contract/GatewayApi.ts"
import { type InvalidRequest, RequestTooLarge } from "#domain/contract/Problems.ts"
import { maxBatchJobs, type SubmitJob } from "#domain/Job.ts"
import * as TraceContext from "#domain/TraceContext.ts"
import { Control } from "#services/gateway/Control.ts"
import { Intake, type Submission } from "#services/gateway/Intake.ts"
import { Effect, Option, Result, Tracer } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { misfit } from "./issues.ts"
import * as Problems from "./Problems.ts"
import { read } from "./requestBody.ts"
import { itemOf, jobOf, refusalOf, refused } from "./submissions.ts"

export interface JobsOptions {
  /** Where jobs can be read, without a slash at the end; undefined: under the address of the gateway itself. */
  readonly readModelUrl?: string | undefined
}

/** The span that the server has begun for the request, which is in the client's trace; without a tracer the client's own. */
const traceparentOf = Effect.fnUntraced(function*(header: string | undefined) {
  const span = Option.getOrUndefined(yield* Effect.serviceOption(Tracer.ParentSpan))
  // Without a tracer the server begins no span, and the span that the program started in is nobody's trace.
  if (span?._tag === "Span" && span.kind === "server") return TraceContext.ofSpan(span)
  const given = TraceContext.parse(header)
  return given === undefined ? undefined : TraceContext.format(given)
})

/** The key of the header and of the body are the same thing; two different ones are a mistake. */
const withKey = (job: SubmitJob, key: string | undefined) =>
  key === undefined || job.idempotencyKey === key
    ? Result.succeed(job)
    : job.idempotencyKey === undefined
    ? Result.succeed({ ...job, idempotencyKey: key })
    : Result.fail(
      misfit([{ in: "header", path: "/idempotency-key", message: "differs from idempotencyKey of the body" }])
    )

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The items of a batch body, which has nothing but `jobs`. */
const itemsOf = (value: unknown): Result.Result<ReadonlyArray<unknown>, InvalidRequest | RequestTooLarge> => {
  if (!isObject(value)) return Result.fail(misfit([{ in: "body", path: "", message: "must be an object" }]))
  const unknown = Object.keys(value).filter((key) => key !== "jobs")
  if (unknown.length > 0) {
    return Result.fail(misfit(unknown.map((key) => ({ in: "body", path: `/${key}`, message: "unknown field" }))))
  }
  const { jobs } = value
  if (!Array.isArray(jobs)) return Result.fail(misfit([{ in: "body", path: "/jobs", message: "must be an array" }]))
  return jobs.length > maxBatchJobs
    ? Result.fail(new RequestTooLarge({ detail: `a batch holds ${maxBatchJobs} jobs at most`, limit: maxBatchJobs }))
    : Result.succeed(jobs)
}

export const layer = ({ readModelUrl = "" }: JobsOptions = {}) =>
  HttpApiBuilder.group(
    GatewayApi,
    "jobs",
    Effect.fn(function*(handlers) {
      const intake = yield* Intake
      const control = yield* Control
      const submitted = (submissions: ReadonlyArray<Submission>) =>
        Effect.flatMap(CurrentActor, (actor) => intake.submit(submissions, actor)).pipe(
          Effect.catchTags({
            StoreError: Problems.ofStore,
            Overloaded: (error) => Effect.fail(Problems.ofOverload(error))
          })
        )

      return handlers
        .handleRaw(
          "submit",
          Effect.fnUntraced(function*({ headers, request }) {
            const body = yield* Problems.unbroken(read(request))
            const job = yield* Effect.fromResult(
              Result.flatMap(jobOf(body, body.value, ""), (job) => withKey(job, headers["idempotency-key"]))
            )
            const traceparent = yield* traceparentOf(request.headers["traceparent"])
            const [answer] = yield* submitted([{ job, traceparent }])
            if (answer === undefined) return yield* Effect.die("the intake gave no answer")
            if (answer._tag !== "Accepted" && answer._tag !== "Replayed") return yield* refusalOf(answer, "")
            return HttpServerResponse.jsonUnsafe(
              { jobId: answer.jobId, eventId: answer.eventId, status: answer.status },
              {
                status: 202,
                headers: {
                  location: `${readModelUrl}/jobs/${answer.jobId}`,
                  ...(answer._tag === "Replayed" ? { "idempotency-replayed": "true" } : {})
                }
              }
            )
          })
        )
        .handleRaw(
          "submitBatch",
          Effect.fnUntraced(function*({ request }) {
            if (request.headers["idempotency-key"] !== undefined) {
              return yield* misfit([{
                in: "header",
                path: "/idempotency-key",
                message: "a batch has a key per job: idempotencyKey"
              }])
            }
            const body = yield* Problems.unbroken(read(request))
            const items = yield* Effect.fromResult(itemsOf(body.value))
            const traceparent = yield* traceparentOf(request.headers["traceparent"])
            const results: Array<BatchResult> = []
            const submissions: Array<Submission> = []
            const places: Array<number> = []
            for (const [index, item] of items.entries()) {
              const job = jobOf(body, item, `/jobs/${index}`)
              if (Result.isFailure(job)) results[index] = refused(job.failure)
              else {
                submissions.push({ job: job.success, traceparent })
                places.push(index)
              }
            }
            const answers = submissions.length === 0 ? [] : yield* submitted(submissions)
            for (const [nth, place] of places.entries()) {
              const answer = answers[nth]
              if (answer === undefined) return yield* Effect.die("the intake gave too few answers")
              results[place] = itemOf(answer, `/jobs/${place}`)
            }
            return HttpServerResponse.jsonUnsafe({ results }, { status: 202 })
          })
        )
        .handle(
          "cancel",
          Effect.fnUntraced(function*({ params: { jobId } }) {
            const actor = yield* CurrentActor
            const answer = yield* control.cancel(jobId, actor).pipe(
              Effect.catchTags({
                JobNotFound: (error) => Effect.fail(Problems.ofMissingJob(error)),
                WrongState: (error) => Effect.fail(Problems.ofWrongState(error)),
                StoreError: Problems.ofStore
              })
            )
            const { eventId } = answer
            return answer._tag === "Cancelled"
              ? { jobId, eventId, status: "cancelled" as const }
              : { jobId, eventId, status: "cancel-requested" as const, worker: answer.worker }
          })
        )
        .handle(
          "replay",
          Effect.fnUntraced(function*({ params: { jobId } }) {
            const actor = yield* CurrentActor
            const { eventId } = yield* control.replay(jobId, actor).pipe(
              Effect.catchTags({
                JobNotFound: (error) => Effect.fail(Problems.ofMissingJob(error)),
                WrongState: (error) => Effect.fail(Problems.ofWrongState(error)),
                StoreError: Problems.ofStore
              })
            )
            return { jobId, eventId, status: "queued" as const }
          })
        )
    })
  )
