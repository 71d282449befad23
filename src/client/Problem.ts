/** How calls fail: the system refused (a problem document), or it was not reached. */
import type { ProblemIssue as Issue } from "#domain/contract/Problems.ts"

/** One field that does not fit: where it is, and what is wrong with it. */
export interface ProblemIssue extends Readonly<typeof Issue.Encoded> {}

/** An answer that is no problem document comes from something in between, such as a proxy. */
const unnamed = "about:blank"

const textOf = (value: unknown): string | undefined => typeof value === "string" ? value : undefined

const isIssue = (value: unknown): value is ProblemIssue =>
  typeof value === "object" && value !== null && "path" in value && typeof value.path === "string" &&
  "message" in value && typeof value.message === "string"

/** The system refused, by an RFC 9457 problem document. Branch on `type`, such as `urn:odto:problem:unknown-type`. */
export class ObservatoryProblem extends Error {
  override readonly name = "ObservatoryProblem"
  /** A URN that keeps its meaning. */
  readonly type: string
  /** The HTTP status. */
  readonly status: number
  readonly title: string
  /** What is wrong in this case, for people; its words may change. */
  readonly detail: string | undefined
  /** The fields that do not fit; empty for problems without fields. */
  readonly errors: ReadonlyArray<ProblemIssue>
  /** Everything that the document says, such as `state`, `jobId` or `retryAfterSeconds`. */
  readonly document: Readonly<Record<string, unknown>>

  constructor(status: number, document: Readonly<Record<string, unknown>>) {
    const title = textOf(document["title"]) ?? `The answer was ${status}`
    const detail = textOf(document["detail"])
    super(detail === undefined ? title : `${title}: ${detail}`)
    this.type = textOf(document["type"]) ?? unnamed
    this.status = status
    this.title = title
    this.detail = detail
    const errors = document["errors"]
    this.errors = Array.isArray(errors) ? errors.filter(isIssue) : []
    this.document = document
  }
}

/** No answer: nobody listens there, or the connection broke. The reason is in `cause`. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost"
  /** The address that was asked. */
  readonly url: string

  constructor(url: string, cause: unknown) {
    super(`no answer from ${url}`, { cause })
    this.url = url
  }
}

/** The problem that an answer holds, whatever it looks like. */
export const problemOf = async (response: Response): Promise<ObservatoryProblem> => {
  const document: unknown = await response.json().catch(() => undefined)
  return new ObservatoryProblem(
    response.status,
    typeof document === "object" && document !== null ? { ...document } : {}
  )
}

/** Statuses that another attempt may change. */
const passing = new Set([429, 502, 503, 504])

/** Whether the same call may well succeed later: nobody answered, or somebody asked to come back. */
export const isPassing = (trouble: unknown): boolean =>
  trouble instanceof ConnectionLost || (trouble instanceof ObservatoryProblem && passing.has(trouble.status))
