/**
 * Turns a job type, as its author writes it with Effect Schemas and a handler, into the plain form that workers run.
 *
 * What comes out holds JSON Schemas and promises only: the author's module may use a copy of `effect` of its own.
 */
import { type AttemptError, JsonObject } from "#domain/Job.ts"
import { type JobContext, type JobType, JobTypeDescription } from "#domain/JobType.ts"
import type { Outcome } from "#domain/Outcome.ts"
import { type BackoffPolicy, defaultBackoff, defaultMaxAttempts, defaultTimeoutMillis } from "#domain/Retry.ts"
import { Cause, Effect, Exit, Result, Schema } from "effect"

/** Throw it, or fail with it, when trying again cannot help: the job is dead at once. */
export class NonRetryable extends Error {
  override readonly name = "NonRetryable"
  readonly retryable = false
}

/** A handler answers with a promise or with an effect; its value is the job's result. */
export type Handler<Payload, ResultValue> = (
  payload: Payload,
  context: JobContext
) => Promise<ResultValue> | Effect.Effect<ResultValue, unknown>

export interface JobTypeDefinition<P extends Schema.Codec<unknown, unknown>, R extends Schema.Codec<unknown, unknown>> {
  /** Lower-case words joined by dots: `email.send`. */
  readonly name: string
  readonly description?: string
  /** What clients must send. JSON on its encoded side. */
  readonly payload: P
  /** What the handler answers. Default: anything JSON. */
  readonly result?: R
  /** Attempts that may fail. Default: 5. */
  readonly maxAttempts?: number
  /** Default: from 1 s, doubling, at most 5 minutes, full jitter. */
  readonly backoff?: Partial<BackoffPolicy>
  /** Limit of one attempt in milliseconds. Default: 15 minutes. */
  readonly timeoutMillis?: number
  readonly handler: Handler<P["Type"], R["Type"]>
}

/** An author's mistake in the definition itself. */
export class InvalidJobType extends Schema.TaggedError<InvalidJobType>()("InvalidJobType", {
  name: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `job type ${JSON.stringify(this.name)}: ${this.detail}`
  }
}

const oneLine = (message: string): string => message.replaceAll(/\s*\n\s*/gu, " ")

const decodeDescription = Schema.decodeUnknownResult(JobTypeDescription, { onExcessProperty: "error" })

/** Objects with named fields take no others: a misspelt field is refused at the gateway instead of being ignored. */
const closed = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(closed)
  if (typeof node !== "object" || node === null) return node
  const entries = Object.entries(node).map(([key, value]) => [key, closed(value)])
  return {
    ...Object.fromEntries(entries),
    ...("properties" in node && "additionalProperties" in node && node.additionalProperties === true
      ? { additionalProperties: false }
      : {})
  }
}

/** How Effect spells a struct without fields. */
const isEmptyStruct = (schema: object): boolean => JSON.stringify(schema) === `{"not":{"type":"null"}}`

const documentOf = (name: string, field: string, schema: Schema.Top) => {
  try {
    return Schema.toJsonSchemaDocument(schema)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidJobType({ name, detail: `${field} has no JSON Schema: ${oneLine(why)}` })
  }
}

const jsonSchemaOf = (name: string, field: string, schema: Schema.Top): typeof JsonObject.Type => {
  const document = documentOf(name, field, schema)
  const definitions = document.definitions
  const result = Schema.decodeUnknownResult(JsonObject)(closed({
    ...(isEmptyStruct(document.schema)
      ? { type: "object", properties: {}, additionalProperties: true }
      : document.schema),
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions })
  }))
  if (Result.isFailure(result)) throw new InvalidJobType({ name, detail: `${field} has no JSON Schema` })
  return result.success
}

const says = (error: unknown, key: string): unknown =>
  typeof error === "object" && error !== null && key in error ? Reflect.get(error, key) : undefined

/** What is kept of whatever a handler threw or failed with. `retryable: false` on it makes the failure final. */
export const errorOf = (thrown: unknown): AttemptError => {
  const tag = says(thrown, "_tag")
  const name = says(thrown, "name")
  const message = says(thrown, "message")
  const stack = says(thrown, "stack")
  return {
    name: typeof tag === "string" ? tag : typeof name === "string" ? name : "Error",
    message: typeof message === "string" && message !== ""
      ? message
      : thrown instanceof Error
      ? thrown.name
      : spell(thrown),
    retryable: says(thrown, "retryable") !== false,
    ...(typeof stack === "string" ? { stack } : {})
  }
}

/** What JSON has no word for is told by its kind. */
const spell = (value: unknown): string => {
  if (typeof value === "string") return value
  try {
    return JSON.stringify(value) ?? typeof value
  } catch {
    return typeof value
  }
}

const misfit = (name: string, { message }: { readonly message: string }): Outcome => ({
  _tag: "Failed",
  error: { name, message, retryable: false }
})

const run = async (
  answer: Promise<unknown> | Effect.Effect<unknown, unknown>,
  signal: AbortSignal
): Promise<unknown> => {
  if (!Effect.isEffect(answer)) return answer
  const exit = await Effect.runPromiseExit(answer, { signal })
  if (Exit.isSuccess(exit)) return exit.value
  throw Cause.squash(exit.cause)
}

/** Checks the definition; throws `InvalidJobType`, which names the field, when it is wrong, at the author's own line. */
export const defineJobType = <P extends Schema.Codec<unknown, unknown>, R extends Schema.Codec<unknown, unknown>>(
  definition: JobTypeDefinition<P, R>
): JobType => {
  const name = spell(definition.name)
  const description = decodeDescription({
    name: definition.name,
    ...(definition.description === undefined ? {} : { description: definition.description }),
    payloadSchema: jsonSchemaOf(name, "payload", definition.payload),
    ...(definition.result === undefined ? {} : { resultSchema: jsonSchemaOf(name, "result", definition.result) }),
    maxAttempts: definition.maxAttempts ?? defaultMaxAttempts,
    backoff: { ...defaultBackoff, ...definition.backoff },
    timeoutMillis: definition.timeoutMillis ?? defaultTimeoutMillis
  })
  if (Result.isFailure(description)) throw new InvalidJobType({ name, detail: oneLine(description.failure.message) })
  if (typeof definition.handler !== "function") throw new InvalidJobType({ name, detail: "handler is not a function" })
  const decode = Schema.decodeUnknownResult(definition.payload)
  const encode = definition.result === undefined ? undefined : Schema.encodeUnknownResult(definition.result)
  return {
    description: description.success,
    perform: async (input, context) => {
      const payload = decode(input)
      if (Result.isFailure(payload)) return misfit("PayloadMisfit", payload.failure)
      try {
        const value = await run(definition.handler(payload.success, context), context.signal)
        if (encode === undefined) return { _tag: "Completed", result: value ?? null }
        const result = encode(value)
        return Result.isFailure(result)
          ? misfit("ResultMisfit", result.failure)
          : { _tag: "Completed", result: result.success ?? null }
      } catch (thrown) {
        return { _tag: "Failed", error: errorOf(thrown) }
      }
    }
  }
}
