/** Schema issues as a client reads them: which field, by JSON Pointer, and what about it. */
import { InvalidRequest, type ProblemIssue } from "#domain/contract/Problems.ts"
import { type SchemaAST, SchemaIssue } from "effect"

/** A body that is wrong everywhere is told the first hundred. */
const maxIssues = 100

/** Values that are allowed, when they are a list. */
const choices = (ast: SchemaAST.AST): ReadonlyArray<unknown> =>
  ast._tag === "Union" ? ast.types.flatMap((type) => type._tag === "Literal" ? [type.literal] : []) : []

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "MissingKey"
      ? "is required"
      : issue._tag === "UnexpectedKey"
      ? "is not known here"
      : SchemaIssue.defaultLeafHook(issue)
})

interface Found {
  readonly path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>
  readonly message: string
}

/** The single things that are wrong. Of a value that is not one of a list, the list is told. */
const flatten = (issue: SchemaIssue.Issue): ReadonlyArray<Found> => {
  switch (issue._tag) {
    case "Pointer":
      return flatten(issue.issue).map(({ message, path }) => ({ path: [...issue.path, ...path], message }))
    case "Encoding":
      return flatten(issue.issue)
    case "Composite":
      return issue.issues.flatMap(flatten)
    case "AnyOf": {
      if (issue.issues.length > 0) return issue.issues.flatMap(flatten)
      const allowed = choices(issue.ast)
      if (allowed.length > 0) return [{ path: [], message: `Expected one of ${allowed.join(", ")}` }]
    }
  }
  return format(issue).issues.map(({ message, path = [] }) => ({ path, message }))
}

const escape = (segment: string): string => segment.replaceAll("~", "~0").replaceAll("/", "~1")

/** RFC 6901. */
export const pointer = (path: Found["path"]): string =>
  path.map((segment) => `/${escape(String(typeof segment === "object" ? segment.key : segment))}`).join("")

/** `prefix`: JSON Pointer of the value that was decoded. */
export const issuesOf = (
  slot: ProblemIssue["in"],
  issue: SchemaIssue.Issue,
  prefix = ""
): ReadonlyArray<ProblemIssue> => {
  const found = new Map<string, ProblemIssue>()
  for (const { message, path } of flatten(issue)) {
    // A parameter may be given once or several times: which of its values is wrong is of no interest.
    const whole = slot === "body" ? prefix + pointer(path) : pointer(path.slice(0, 1))
    found.set(`${whole} ${message}`, { in: slot, path: whole, message })
    if (found.size === maxIssues) break
  }
  return [...found.values()]
}

/** Issues that are spelled out in the sentence; all are in the list. */
const spelledOut = 3

/** The issues as one sentence. */
export const sentence = (errors: ReadonlyArray<ProblemIssue>): string => {
  const parts = errors.slice(0, spelledOut).map(({ message, path }) => `${path || "/"}: ${message}`)
  return errors.length > spelledOut ? `${parts.join("; ")}; and ${errors.length - spelledOut} more` : parts.join("; ")
}

export const misfit = (errors: ReadonlyArray<ProblemIssue>) => new InvalidRequest({ detail: sentence(errors), errors })

/** A cursor that no page of the list ended with. */
export const foreignCursor = () => misfit([{ in: "query", path: "/cursor", message: "is not a cursor of this list" }])
