/** Job types of a user's own module. */
import { type JobType, JobTypeDescription } from "#domain/JobType.ts"
import { Effect, Predicate, Result, Runtime, Schema } from "effect"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { exitCodes } from "./exitCodes.ts"

export class UserModuleFailed extends Schema.TaggedError<UserModuleFailed>()("UserModuleFailed", {
  path: Schema.String,
  detail: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.configuration
  override get message() {
    return `${this.path}: ${this.detail}`
  }
}

const decodeDescription = Schema.decodeUnknownResult(JobTypeDescription)

/** What a job type consists of; a module may export other things beside. */
const resemblesJobType = (value: unknown): value is { readonly description: unknown; readonly perform: unknown } =>
  Predicate.hasProperty(value, "description") && Predicate.hasProperty(value, "perform")

/** Why it cannot run; undefined when it can. */
const flawOf = ({ description, perform }: { readonly description: unknown; readonly perform: unknown }) => {
  if (typeof perform !== "function") return "perform is not a function"
  const decoded = decodeDescription(description)
  return Result.isFailure(decoded) ? decoded.failure.message.replaceAll(/\s*\n\s*/gu, " ") : undefined
}

const isJobType = (value: unknown): value is JobType => resemblesJobType(value) && flawOf(value) === undefined

/** Job types are exported one by one, or in arrays. */
const exportsOf = (module: object): ReadonlyArray<readonly [name: string, value: unknown]> =>
  Object.entries(module).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((item, index) => [`${name}[${index}]`, item] as const) : [[name, value] as const]
  )

/** Every job type that the module exports. Fails when there is none, and when one is malformed: none is left out. */
export const loadJobTypes = Effect.fn("loadJobTypes")(function*(path: string) {
  const file = resolve(path)
  const module = yield* Effect.tryPromise({
    try: (): Promise<object> => import(pathToFileURL(file).href),
    catch: (cause) => new UserModuleFailed({ path, detail: cause instanceof Error ? cause.message : String(cause) })
  })
  const exported = exportsOf(module)
  for (const [name, value] of exported) {
    const flaw = resemblesJobType(value) ? flawOf(value) : undefined
    if (flaw !== undefined) {
      return yield* new UserModuleFailed({ path, detail: `its export ${name} is no valid job type: ${flaw}` })
    }
  }
  const types = [...new Set(exported.map(([, value]) => value).filter(isJobType))]
  if (types.length === 0) {
    return yield* new UserModuleFailed({ path, detail: "it exports no job type; make one with defineJobType" })
  }
  return types
})

/** Later types do not replace earlier ones silently. */
export const distinct = (types: ReadonlyArray<JobType>): Effect.Effect<ReadonlyArray<JobType>, UserModuleFailed> => {
  const seen = new Set<string>()
  for (const { description: { name } } of types) {
    if (seen.has(name)) {
      return Effect.fail(new UserModuleFailed({ path: name, detail: "two job types have this name" }))
    }
    seen.add(name)
  }
  return Effect.succeed(types)
}
