/** Schema issues as a client reads them: which field, by JSON Pointer, and what about it. */
import { InvalidRequest, type ProblemIssue } from "#domain/contract/Problems.ts"
import { SchemaIssue } from "effect"

/** A body that is wrong everywhere is told the first hundred. */
const maxIssues = 100

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const escape = (segment: string): string => segment.replaceAll("~", "~0").replaceAll("/", "~1")

/** RFC 6901. */
export const pointer = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>): string =>
  path.map((segment) => `/${escape(String(typeof segment === "object" ? segment.key : segment))}`).join("")

/** `prefix`: JSON Pointer of the value that was decoded. */
export const issuesOf = (
  slot: ProblemIssue["in"],
  issue: SchemaIssue.Issue,
  prefix = ""
): ReadonlyArray<ProblemIssue> =>
  format(issue).issues.slice(0, maxIssues).map((found) => ({
    in: slot,
    path: prefix + pointer(found.path ?? []),
    message: found.message
  }))

/** Issues that are spelled out in the sentence; all are in the list. */
const spelledOut = 3

/** The issues as one sentence. */
export const sentence = (errors: ReadonlyArray<ProblemIssue>): string => {
  const parts = errors.slice(0, spelledOut).map(({ message, path }) => `${path || "/"}: ${message}`)
  return errors.length > spelledOut ? `${parts.join("; ")}; and ${errors.length - spelledOut} more` : parts.join("; ")
}

export const misfit = (errors: ReadonlyArray<ProblemIssue>) => new InvalidRequest({ detail: sentence(errors), errors })
