/** Job types of a user's own module. */
import { type JobType, JobTypeDescription } from "#domain/JobType.ts"
import { Effect, Predicate, Runtime, Schema } from "effect"
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

const isDescription = Schema.is(JobTypeDescription)

const isJobType = (value: unknown): value is JobType =>
  Predicate.hasProperty(value, "description") && isDescription(value.description) &&
  Predicate.hasProperty(value, "perform") && typeof value.perform === "function"

/** A module exports job types one by one, or in arrays. */
const typesIn = (exported: unknown): ReadonlyArray<JobType> =>
  Array.isArray(exported) ? exported.filter(isJobType) : isJobType(exported) ? [exported] : []

/** Every job type that the module exports. Fails when there is none, or when two have the same name. */
export const loadJobTypes = Effect.fn("loadJobTypes")(function*(path: string) {
  const file = resolve(path)
  const module = yield* Effect.tryPromise({
    try: (): Promise<object> => import(pathToFileURL(file).href),
    catch: (cause) => new UserModuleFailed({ path, detail: cause instanceof Error ? cause.message : String(cause) })
  })
  const types = [...new Set(Object.values(module).flatMap(typesIn))]
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
