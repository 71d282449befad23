/**
 * Everything that the HTTP interfaces can refuse, as RFC 9457 problem documents.
 *
 * `type` is what programs branch on; it never changes its meaning. `detail` is for people and may be reworded at any time.
 */
import { Schema } from "effect"
import { HttpApiError } from "effect/http-api"
import { JobId } from "../Job.ts"
import { JobStatus } from "../JobStatus.ts"

export const problemType = <const Name extends string>(name: Name) => `urn:odto:problem:${name}` as const

/** One field that does not fit. */
export const ProblemIssue = Schema.Struct({
  /** Where the field is. */
  in: Schema.Literals(["body", "query", "path", "header"]),
  /** JSON Pointer into that part of the request: `/payload/url`, `/jobs/3/type`, `/limit`. */
  path: Schema.String,
  message: Schema.String
}).annotate({ identifier: "ProblemIssue" })
export type ProblemIssue = typeof ProblemIssue.Type

const errors = Schema.Array(ProblemIssue)

export class MalformedJson extends HttpApiError.Problem<MalformedJson>()("MalformedJson", {
  type: problemType("malformed-json"),
  status: 400,
  title: "The body is not JSON"
}) {}

/** A field is missing, unknown or out of range. */
export class InvalidRequest extends HttpApiError.Problem<InvalidRequest>()("InvalidRequest", {
  type: problemType("invalid-request"),
  status: 400,
  title: "The request does not fit its description"
}, { errors }) {}

export class Unauthorized extends HttpApiError.Problem<Unauthorized>()("Unauthorized", {
  type: problemType("unauthorized"),
  status: 401,
  title: "A valid bearer token is needed"
}) {}

export class Forbidden extends HttpApiError.Problem<Forbidden>()("Forbidden", {
  type: problemType("forbidden"),
  status: 403,
  title: "The token's role does not permit this"
}, { role: Schema.String, needs: Schema.String }) {}

/** Without tokens only this machine is served, under its own names. */
export class ForeignHost extends HttpApiError.Problem<ForeignHost>()("ForeignHost", {
  type: problemType("foreign-host"),
  status: 403,
  title: "The Host is not one that this program answers for"
}) {}

export class ForeignOrigin extends HttpApiError.Problem<ForeignOrigin>()("ForeignOrigin", {
  type: problemType("foreign-origin"),
  status: 403,
  title: "Requests from pages of other origins are refused"
}) {}

export class RouteNotFound extends HttpApiError.Problem<RouteNotFound>()("RouteNotFound", {
  type: problemType("route-not-found"),
  status: 404,
  title: "There is nothing at this address"
}) {}

export class UnknownJob extends HttpApiError.Problem<UnknownJob>()("UnknownJob", {
  type: problemType("unknown-job"),
  status: 404,
  title: "There is no such job"
}, { jobId: Schema.String }) {}

export class UnknownQueue extends HttpApiError.Problem<UnknownQueue>()("UnknownQueue", {
  type: problemType("unknown-queue"),
  status: 404,
  title: "There is no such queue"
}, { queue: Schema.String }) {}

export class UnknownToken extends HttpApiError.Problem<UnknownToken>()("UnknownToken", {
  type: problemType("unknown-token"),
  status: 404,
  title: "There is no such token"
}, { name: Schema.String }) {}

export class MethodNotAllowed extends HttpApiError.Problem<MethodNotAllowed>()("MethodNotAllowed", {
  type: problemType("method-not-allowed"),
  status: 405,
  title: "This address does not take this method"
}, { allow: Schema.Array(Schema.String) }) {}

/** The action does not fit the state of the job; `state` says which it is. */
export class WrongJobState extends HttpApiError.Problem<WrongJobState>()("WrongJobState", {
  type: problemType("wrong-state"),
  status: 409,
  title: "The job is in another state"
}, { jobId: Schema.String, state: JobStatus }) {}

export class WrongQueueState extends HttpApiError.Problem<WrongQueueState>()("WrongQueueState", {
  type: problemType("wrong-queue-state"),
  status: 409,
  title: "The queue is in another state"
}, { queue: Schema.String, state: Schema.Literals(["paused", "running"]) }) {}

/** The key was used before with another body; `jobId` is the job that it stands for. */
export class KeyConflict extends HttpApiError.Problem<KeyConflict>()("KeyConflict", {
  type: problemType("idempotency-key-conflict"),
  status: 409,
  title: "The idempotency key stands for another request"
}, { jobId: JobId }) {}

export class TokenNameTaken extends HttpApiError.Problem<TokenNameTaken>()("TokenNameTaken", {
  type: problemType("token-name-taken"),
  status: 409,
  title: "There is a token of this name, live or revoked"
}, { name: Schema.String }) {}

/** The whole request. */
export class RequestTooLarge extends HttpApiError.Problem<RequestTooLarge>()("RequestTooLarge", {
  type: problemType("request-too-large"),
  status: 413,
  title: "The request is too large"
}, { limit: Schema.Int }) {}

/** The payload of one job. */
export class PayloadTooLarge extends HttpApiError.Problem<PayloadTooLarge>()("PayloadTooLarge", {
  type: problemType("payload-too-large"),
  status: 413,
  title: "The payload is too large"
}, { limit: Schema.Int, errors }) {}

export class UnsupportedMediaType extends HttpApiError.Problem<UnsupportedMediaType>()("UnsupportedMediaType", {
  type: problemType("unsupported-media-type"),
  status: 415,
  title: "Bodies are application/json"
}) {}

export class UnknownType extends HttpApiError.Problem<UnknownType>()("UnknownType", {
  type: problemType("unknown-type"),
  status: 422,
  title: "No worker ever registered this job type"
}, { errors }) {}

/** The payload does not fit the schema that the workers registered for the type. */
export class InvalidPayload extends HttpApiError.Problem<InvalidPayload>()("InvalidPayload", {
  type: problemType("invalid-payload"),
  status: 422,
  title: "The payload does not fit its job type"
}, { errors }) {}

/** U+0000 or half of a surrogate pair: JSON can spell it, no store can keep it. */
export class UnstorableText extends HttpApiError.Problem<UnstorableText>()("UnstorableText", {
  type: problemType("unstorable-text"),
  status: 422,
  title: "The text cannot be stored"
}, { errors }) {}

/** The store refuses a value of this job. */
export class RefusedByStore extends HttpApiError.Problem<RefusedByStore>()("RefusedByStore", {
  type: problemType("refused-by-store"),
  status: 422,
  title: "The store refuses this value"
}) {}

export class TooManyRequests extends HttpApiError.Problem<TooManyRequests>()("TooManyRequests", {
  type: problemType("too-many-requests"),
  status: 429,
  title: "Too many requests"
}, { retryAfterSeconds: Schema.Int }) {}

export class InternalError extends HttpApiError.Problem<InternalError>()("InternalError", {
  type: problemType("internal"),
  status: 500,
  title: "This should not have happened"
}) {}

/** A store is away, or too much is waiting for it. Nothing was done; try again. */
export class Unavailable extends HttpApiError.Problem<Unavailable>()("Unavailable", {
  type: problemType("unavailable"),
  status: 503,
  title: "A store is not available"
}, { source: Schema.String, retryAfterSeconds: Schema.Int }) {}

/** The connection broke while committing: it may have been done. Repeating with the same Idempotency-Key is safe. */
export class OutcomeUnknown extends HttpApiError.Problem<OutcomeUnknown>()("OutcomeUnknown", {
  type: problemType("outcome-unknown"),
  status: 503,
  title: "It is not known whether this was done"
}, { retryAfterSeconds: Schema.Int }) {}

/** The program serves as many event streams as it may. */
export class TooManyStreams extends HttpApiError.Problem<TooManyStreams>()("TooManyStreams", {
  type: problemType("too-many-streams"),
  status: 503,
  title: "Too many event streams are open"
}, { retryAfterSeconds: Schema.Int }) {}

/** What a request to any address may be answered with. */
export const commonProblems = [InvalidRequest, ForeignHost, ForeignOrigin, UnsupportedMediaType, InternalError] as const
/** What a request with a body may be answered with. */
export const bodyProblems = [MalformedJson, RequestTooLarge, UnstorableText] as const

export type Problem =
  | MalformedJson
  | InvalidRequest
  | Unauthorized
  | Forbidden
  | ForeignHost
  | ForeignOrigin
  | RouteNotFound
  | UnknownJob
  | UnknownQueue
  | UnknownToken
  | MethodNotAllowed
  | WrongJobState
  | WrongQueueState
  | KeyConflict
  | TokenNameTaken
  | RequestTooLarge
  | PayloadTooLarge
  | UnsupportedMediaType
  | UnknownType
  | InvalidPayload
  | UnstorableText
  | RefusedByStore
  | TooManyRequests
  | InternalError
  | Unavailable
  | OutcomeUnknown
  | TooManyStreams
