/** From errors of the domain and of the stores to problem documents, and from these to responses. Nobody else makes them. */
import { ProblemAnswers } from "#domain/contract/Authorization.ts"
import {
  InternalError,
  MalformedJson,
  OutcomeUnknown,
  type Problem,
  RequestTooLarge,
  TooManyStreams,
  Unavailable,
  UnknownJob,
  UnknownQueue,
  WrongJobState,
  WrongQueueState
} from "#domain/contract/Problems.ts"
import type { JobNotFound } from "#domain/Job.ts"
import type { WrongState } from "#domain/JobStatus.ts"
import type { QueueInState, QueueNotFound } from "#domain/Queue.ts"
import type { Overloaded } from "#services/Batcher.ts"
import type { StoreError } from "#services/ports/StoreError.ts"
import type { TooManyReaders } from "#services/read-model/LiveFeed.ts"
import type { SourceDown } from "#services/read-model/Reading.ts"
import { Cause, Effect, Layer } from "effect"
import { HttpServerError, HttpServerResponse } from "effect/http"
import { HttpApiError } from "effect/http-api"
import { CurrentExchange } from "./Exchange.ts"
import { issuesOf, misfit } from "./issues.ts"
import { maxRequestBytes } from "./requestBody.ts"

/** A client that comes back after this finds the store answering, or a connection refused at once. */
const retryAfterSeconds = 1

const contentType = "application/problem+json"

/** `instance` names the exchange, under which the log has more. */
export const toResponse = (problem: Problem, exchangeId: string): HttpServerResponse.HttpServerResponse => {
  const { detail, status, title, type } = problem
  const standard = { type, title, status, detail, instance: `urn:odto:request:${exchangeId}` }
  return HttpServerResponse.jsonUnsafe(
    // The members of its own come last, and none of them is standard.
    { ...standard, ...Object.fromEntries(Object.entries(problem).filter(([name]) => !(name in standard))) },
    {
      status,
      contentType,
      headers: {
        ...(status === 401 ? { "www-authenticate": "Bearer realm=\"odto\"" } : {}),
        ...("retryAfterSeconds" in problem ? { "retry-after": String(problem.retryAfterSeconds) } : {}),
        ...("allow" in problem ? { allow: problem.allow.join(", ") } : {})
      }
    }
  )
}

/** Whether it was done is known, and it was not; or it is not known. A value that no store takes is a fault of ours here. */
export const ofStore = (error: StoreError): Effect.Effect<never, Unavailable | OutcomeUnknown> => {
  if (error.reason === "data") return Effect.die(error)
  return Effect.fail(
    error.reason === "outcome-unknown"
      ? new OutcomeUnknown({
        detail:
          "The connection to the store broke while it committed. Repeat the request with the same Idempotency-Key.",
        retryAfterSeconds
      })
      : new Unavailable({ detail: error.message, source: "store of truth", retryAfterSeconds })
  )
}

/** Nothing can have been done by reading. */
export const ofReading = (error: StoreError): Effect.Effect<never, Unavailable> =>
  error.reason === "data"
    ? Effect.die(error)
    : Effect.fail(new Unavailable({ detail: error.message, source: "store of truth", retryAfterSeconds }))

export const ofOverload = (error: Overloaded) =>
  new Unavailable({ detail: error.message, source: "gateway", retryAfterSeconds })
export const ofSource = (error: SourceDown) =>
  new Unavailable({ detail: error.message, source: error.source, retryAfterSeconds })
/** For reads that fail only because their store is down. */
export const whenDown = <A>(read: Effect.Effect<A, SourceDown>) => Effect.mapError(read, ofSource)
export const ofReaders = (error: TooManyReaders) => new TooManyStreams({ detail: error.message, retryAfterSeconds })
export const ofMissingJob = (error: JobNotFound) => new UnknownJob({ detail: error.message, jobId: error.jobId })
export const ofWrongState = (error: WrongState) =>
  new WrongJobState({ detail: error.message, jobId: error.jobId, state: error.status })
export const ofMissingQueue = (error: QueueNotFound) => new UnknownQueue({ detail: error.message, queue: error.queue })
export const ofQueueState = (error: QueueInState) =>
  new WrongQueueState({ detail: error.message, queue: error.queue, state: error.paused ? "paused" : "running" })

export const tooLarge = (what: string) =>
  new RequestTooLarge({ detail: `${what} is larger than ${maxRequestBytes} bytes`, limit: maxRequestBytes })

const slots = { Params: "path", Query: "query", Headers: "header", Payload: "body" } as const

/** What the framework itself refuses, and what nobody foresaw. */
export const ofUnforeseen = (error: unknown): Problem => {
  if (HttpApiError.HttpApiSchemaError.is(error) && error.kind !== "Body" && error.kind !== "ResponseHeaders") {
    return misfit(issuesOf(slots[error.kind], error.cause.issue))
  }
  if (HttpServerError.isHttpServerError(error) && error.reason._tag === "RequestParseError") {
    return error.reason.reason === "BodyTooLarge"
      ? tooLarge("the body")
      : new MalformedJson({ detail: "the body could not be read" })
  }
  return new InternalError({ detail: "The program's log has the details under this instance." })
}

/** A body that is too large or that broke off is the client's affair. */
export const unbroken = <A, E, R>(reading: Effect.Effect<A, E | HttpServerError.HttpServerError, R>) =>
  Effect.catchIf(
    reading,
    HttpServerError.isHttpServerError,
    (error): Effect.Effect<never, RequestTooLarge | MalformedJson> => {
      const problem = ofUnforeseen(error)
      return problem._tag === "RequestTooLarge" || problem._tag === "MalformedJson"
        ? Effect.fail(problem)
        : Effect.die(error)
    }
  )

const isProblem = (error: unknown): error is Problem =>
  typeof error === "object" && error !== null && "type" in error && typeof error.type === "string" &&
  error.type.startsWith("urn:odto:problem:")

/** Answers with the problem, or with the problem that an unforeseen error stands for. */
export const answer = (
  error: unknown,
  cause: Cause.Cause<unknown> = Cause.die(error)
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.gen(function*() {
    const { id } = yield* CurrentExchange
    const problem = isProblem(error) ? error : ofUnforeseen(error)
    if (problem.status === 500) yield* Effect.logError("a request failed", { request: id }, cause)
    return toResponse(problem, id)
  })

export const layer = Layer.succeed(
  ProblemAnswers,
  ProblemAnswers.of((httpEffect, { endpoint }) =>
    Effect.flatMap(CurrentExchange, (exchange) => {
      exchange.route = endpoint.path
      return httpEffect.pipe(Effect.catch((error) => answer(error)))
    })
  )
)
