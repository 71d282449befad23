/** What a refusal of the API means at the keyboard: one line with the next step, and an exit code. */
import { ProblemIssue, problemType } from "#domain/contract/Problems.ts"
import { type Option, Schema } from "effect"
import { exitCodes } from "./exitCodes.ts"
import { safe } from "./Output.ts"

/** What every problem document has, and the members of single ones that a next step is made from. */
const ProblemDocument = Schema.Struct({
  type: Schema.TemplateLiteral([problemType(""), Schema.String]),
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.optional(Schema.String),
  instance: Schema.optional(Schema.String),
  errors: Schema.optional(Schema.Array(ProblemIssue)),
  jobId: Schema.optional(Schema.String),
  needs: Schema.optional(Schema.String),
  retryAfterSeconds: Schema.optional(Schema.Int)
})
export type ProblemDocument = typeof ProblemDocument.Type

/** The problem document that the error stands for. */
export const problemIn: (error: unknown) => Option.Option<ProblemDocument> = Schema.decodeUnknownOption(
  Schema.Struct(ProblemDocument.fields)
)

const refused = exitCodes.refused
const codes: Readonly<Record<number, number>> = {
  400: refused,
  401: exitCodes.notPermitted,
  403: exitCodes.notPermitted,
  404: exitCodes.notFound,
  405: refused,
  409: refused,
  413: refused,
  415: refused,
  422: refused,
  429: exitCodes.tryAgain,
  503: exitCodes.tryAgain
}

export const codeOfStatus = (status: number): number => codes[status] ?? exitCodes.failure

const later = ({ retryAfterSeconds = 1 }: ProblemDocument): string => `try again in ${retryAfterSeconds} s`

/** What to do about it, where there is something to do. */
const nextSteps: Readonly<Record<string, (problem: ProblemDocument) => string>> = {
  "unknown-job": () => "list jobs with: odd-dashboard jobs",
  "unknown-queue": () => "list queues with: odd-dashboard queues",
  "unknown-token": () => "list tokens with: odd-dashboard token list",
  "unknown-type": () => "list types with: odd-dashboard types",
  "invalid-payload": () => "see the schemas of types with: odd-dashboard types --json",
  "wrong-state": ({ jobId = "<id>" }) => `see: odd-dashboard job ${jobId}`,
  "wrong-queue-state": () => "see: odd-dashboard queues",
  "idempotency-key-conflict": ({ jobId = "<id>" }) => `see: odd-dashboard job ${jobId}`,
  "token-name-taken": () => "see: odd-dashboard token list",
  unauthorized: () => "set ODTO_TOKEN; whoever has an admin's token makes one with: odd-dashboard token create <name>",
  forbidden: ({ needs = "higher" }) => `set ODTO_TOKEN to a token of the role ${needs}`,
  "foreign-host": () => "call it as localhost, or name the host in its ODTO_ALLOWED_HOSTS",
  "too-many-requests": later,
  unavailable: later,
  "outcome-unknown": (problem) => `${later(problem)}; with the same --idempotency-key that makes no second job`,
  "too-many-streams": later,
  internal: ({ instance = "its time" }) => `the program's log says why, under ${instance}`
}

/** Says what was wrong with each field, unless the detail has said so. */
const fieldsOf = ({ detail = "", errors = [] }: ProblemDocument): string =>
  errors
    .filter(({ message }) => !detail.includes(message))
    .map(({ in: part, message, path }) => `${part === "body" ? "" : `${part} `}${path === "" ? "/" : path}: ${message}`)
    .join(", ")

/** `title: detail (fields); next step`. */
export const problemLine = (problem: ProblemDocument): string => {
  const fields = fieldsOf(problem)
  const said = `${problem.detail ?? problem.title}${fields === "" ? "" : ` (${fields})`}`
  const next = nextSteps[problem.type.slice(problemType("").length)]?.(problem)
  return safe(said) + (next === undefined ? "" : `; ${next}`)
}
