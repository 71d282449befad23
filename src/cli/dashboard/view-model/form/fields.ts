/**
 * Fields of the form from the JSON Schema of a job type, and the job that the fields stand for.
 *
 * Properties that a person can type have a field of their own kind; objects and lists are typed as JSON. What Ajv says of
 * the whole payload is put at the fields that it is about.
 */
import { JobTypeName, type JsonObject, SubmitJob } from "#domain/Job.ts"
import type { JobTypeDescription } from "#domain/JobType.ts"
import { Result, Schema } from "effect"
import { DelaySeconds, maxDelaySeconds } from "../../../DelaySeconds.ts"
import type { Field, FieldKind, Form } from "./Form.ts"
import { resolved, type SchemaNode } from "./schemaNodes.ts"

const kindOf = (node: SchemaNode): FieldKind => {
  switch (node.type) {
    case "string":
    case "number":
    case "integer":
    case "boolean":
      return node.type === "string" ? "text" : node.type
    default:
      return "json"
  }
}

const step = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1")

/** A value as it would be typed into a field of the kind. */
const typedAs = (kind: FieldKind, value: unknown): string =>
  value === undefined ? "" : kind === "text" && typeof value === "string" ? value : JSON.stringify(value)

const fieldOf = (name: string, node: SchemaNode, isRequired: boolean): Field => {
  const choices = node.choices ?? (node.type === "boolean" ? [true, false] : [])
  const kind = choices.length > 0 ? "choice" : kindOf(node)
  const limits = [
    node.minimum === undefined ? undefined : `from ${node.minimum}`,
    node.maximum === undefined ? undefined : `to ${node.maximum}`,
    node.maxLength === undefined ? undefined : `at most ${node.maxLength} characters`
  ].filter((limit) => limit !== undefined)
  const kindHint = kind === "json" ? "JSON" : kind === "choice" ? "" : kind
  return {
    path: `/payload/${step(name)}`,
    label: name,
    kind,
    isRequired,
    hint: [node.description ?? kindHint, ...limits].filter((part) => part !== "").join(", "),
    choices: choices.map((choice) => JSON.stringify(choice)),
    text: typedAs(kind, node.default)
  }
}

const optional = (path: string, label: string, kind: FieldKind, hint: string): Field => ({
  path,
  label,
  kind,
  hint,
  isRequired: false,
  choices: [],
  text: ""
})

export const fieldsOf = (type: JobTypeDescription): ReadonlyArray<Field> => {
  const schema = resolved(type.payloadSchema)
  const properties = Object.entries(schema.properties)
  const own = properties.length === 0 && schema.isOpen
    ? [{ ...optional("/payload", "payload", "json", "a JSON object"), text: "{}" }]
    : properties.map(([name, node]) => fieldOf(name, node, schema.required.includes(name)))
  return [
    ...own,
    optional("/queue", "queue", "text", "default: default"),
    optional("/priority", "priority", "integer", "0 to 9, 9 goes first; default: 5"),
    optional("/runAt", "delay", "number", "seconds from now"),
    optional("/tags", "tags", "text", "separated by blanks"),
    optional("/correlationId", "correlation id", "text", "what the job belongs to"),
    optional("/maxAttempts", "attempts", "integer", `default: ${type.maxAttempts}`)
  ]
}

type Read = Result.Result<unknown, string>

const readJson = (text: string): Read =>
  Result.try({ try: (): unknown => JSON.parse(text), catch: () => "is not JSON" })

/** What the text of a field stands for. */
const valueOf = ({ kind, text }: Field): Read => {
  switch (kind) {
    case "text":
      return Result.succeed(text)
    case "integer":
    case "number":
      return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/u.test(text.trim())
        ? Result.succeed(Number(text))
        : Result.fail(`must be ${kind === "integer" ? "an integer" : "a number"}`)
    default:
      return readJson(text)
  }
}

type Errors = Readonly<Record<string, string>>

const ownName = (path: string): string => path.slice("/payload/".length).replaceAll("~1", "/").replaceAll("~0", "~")

const payloadOf = (fields: ReadonlyArray<Field>): { readonly payload: JsonObject; readonly errors: Errors } => {
  const payload: Record<string, Schema.Json> = {}
  const errors: Record<string, string> = {}
  const isObject = Schema.is(Schema.Record(Schema.String, Schema.Json))
  const isJson = Schema.is(Schema.Json)
  for (const field of fields) {
    if (!field.path.startsWith("/payload") || field.text === "") continue
    const read = valueOf(field)
    if (Result.isFailure(read)) errors[field.path] = read.failure
    else if (field.path === "/payload") {
      if (isObject(read.success)) Object.assign(payload, read.success)
      else errors[field.path] = "is not a JSON object"
    } else if (isJson(read.success)) payload[ownName(field.path)] = read.success
  }
  return { payload, errors }
}

const isDelay = Schema.is(DelaySeconds)

const commonOf = (fields: ReadonlyArray<Field>, now: number) => {
  const textOf = (path: string) => fields.find((field) => field.path === path)?.text.trim() ?? ""
  const numberOf = (path: string) => textOf(path) === "" ? undefined : Number(textOf(path))
  const delay = numberOf("/runAt")
  const entries = {
    queue: textOf("/queue") || undefined,
    priority: numberOf("/priority"),
    runAt: delay === undefined || !isDelay(delay)
      ? undefined
      : new Date(now + delay * 1_000).toISOString(),
    tags: textOf("/tags") === "" ? undefined : textOf("/tags").split(/\s+/u),
    correlationId: textOf("/correlationId") || undefined,
    maxAttempts: numberOf("/maxAttempts")
  }
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined))
}

const decodeJob = Schema.decodeUnknownResult(SubmitJob, { errors: "all" })

/** The job that the form stands for. Fields that do not fit are in `errors`, by their paths. */
export const jobOf = (
  { fields, type }: Pick<Form, "fields" | "type">,
  now: number
): { readonly job: typeof SubmitJob.Encoded; readonly errors: Errors } => {
  const { errors, payload } = payloadOf(fields)
  const unread = Object.fromEntries(
    fields.flatMap((field) => {
      if (field.text === "" || field.path.startsWith("/payload") || field.kind === "text") return []
      const read = valueOf(field)
      if (Result.isFailure(read)) return [[field.path, read.failure] as const]
      return field.path !== "/runAt" || isDelay(read.success)
        ? []
        : [[field.path, `must be 0 to ${maxDelaySeconds} seconds`] as const]
    })
  )
  const job = { type: JobTypeName.make(type.name), payload, ...commonOf(fields, now) }
  const decoded = decodeJob(job)
  const wrong = Result.isSuccess(decoded) ? {} : issuesOf(decoded.failure.message, fields)
  return { job, errors: { ...wrong, ...errors, ...unread } }
}

/** Effect says `…\n  at ["priority"]`; the field is the first step of it. */
const issuesOf = (message: string, fields: ReadonlyArray<Field>): Errors =>
  Object.fromEntries(
    [...message.matchAll(/([^\n]+)\n\s*at \["([A-Za-z]+)"\]/gu)].flatMap(([, said = "", name = ""]) =>
      fields.some(({ path }) => path === `/${name}`) ? [[`/${name}`, said.trim()] as const] : []
    )
  )

/** The field that a path of a misfit is about: itself, or the one that has it inside. */
export const fieldAt = (fields: ReadonlyArray<Field>, path: string): string | undefined =>
  fields.find((field) => field.path === path)?.path ??
    fields.find((field) => path.startsWith(`${field.path}/`))?.path

/** The form with what is wrong with it. */
export const checked = (form: Form): Form => {
  const { errors, job } = jobOf(form, 0)
  const misfits = form.check(job.payload ?? {})
  const found: Record<string, string> = {}
  const elsewhere: Array<string> = []
  for (const { message, path } of misfits) {
    const at = fieldAt(form.fields, `/payload${path}`)
    if (at === undefined) elsewhere.push(`${path === "" ? "the payload" : path} ${message}`)
    else found[at] ??= message
  }
  return {
    ...form,
    errors: { ...found, ...errors },
    trouble: elsewhere.length === 0 ? undefined : elsewhere.join(", ")
  }
}
