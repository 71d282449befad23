/** Each server that is configured: whether it answers, and in which version. What a URL keeps secret is not shown. */
import { Config, Effect, Option, Redacted } from "effect"
import { serverUrl } from "../Settings.ts"
import { type Finding, ok, wrong } from "./Finding.ts"

const variables = ["ODTO_DATABASE_URL", "ODTO_AMQP_URL", "ODTO_REDIS_URL", "ODTO_MONGODB_URL"] as const
type Variable = typeof variables[number]

/** A server that says nothing for so long is as good as away. */
const patience = "8 seconds"

/** Host and port of the URL. */
const whereOf = (url: Redacted.Redacted): string => {
  const text = Redacted.value(url)
  return URL.canParse(text) ? new URL(text).host : "an address that is no URL"
}

/** The innermost error has the words of the system or the server; none of them may repeat a password. */
const reasonOf = (error: unknown): string => {
  const inner = error instanceof AggregateError ? error.errors[0] : error instanceof Error ? error.cause : undefined
  if (inner instanceof Error) return reasonOf(inner)
  return error instanceof Error ? error.message : String(error)
}

const withoutSecret = (text: string, url: Redacted.Redacted): string => {
  const password = URL.canParse(Redacted.value(url)) ? new URL(Redacted.value(url)).password : ""
  return [password, decodeURIComponent(password)].filter((secret) => secret !== "").reduce(
    (all, secret) => all.replaceAll(secret, "***"),
    text
  )
}

/** What is said of a server that answers. */
const inspect = (variable: Variable, url: Redacted.Redacted): Effect.Effect<Finding, unknown> =>
  Effect.gen(function*() {
    const where = whereOf(url)
    switch (variable) {
      case "ODTO_DATABASE_URL": {
        const [{ inspectPostgres }, { migrations }] = yield* Effect.promise(() =>
          Promise.all([import("#infra/postgres/inspectPostgres.ts"), import("#infra/postgres/migrations/all.ts")])
        )
        const { known, schema, version } = yield* inspectPostgres(url, migrations)
        const said = `PostgreSQL ${version} at ${where}, schema version ${schema} of ${known}`
        if (schema > known) return wrong(variable, said, "use the newer version of this program that made the schema")
        return schema < known
          ? wrong(variable, said, "bring it up to date with: odd-dashboard migrate")
          : ok(variable, said)
      }
      case "ODTO_AMQP_URL": {
        const { inspectBroker } = yield* Effect.promise(() => import("#infra/amqp/inspectBroker.ts"))
        return ok(variable, `RabbitMQ ${(yield* inspectBroker(url)).version} at ${where}`)
      }
      case "ODTO_REDIS_URL": {
        const { inspectRedis } = yield* Effect.promise(() => import("#infra/redis/inspectRedis.ts"))
        return ok(variable, `Redis ${(yield* inspectRedis(url)).version} at ${where}`)
      }
      case "ODTO_MONGODB_URL": {
        const { inspectMongo } = yield* Effect.promise(() => import("#infra/mongo/inspectMongo.ts"))
        return ok(variable, `MongoDB ${(yield* inspectMongo(url)).version} at ${where}`)
      }
    }
  })

const look = (variable: Variable) =>
  Effect.gen(function*() {
    const given = yield* Config.option(Config.String(variable))
    if (Option.isNone(given) || given.value === "") return Option.none<Finding>()
    const url = yield* Effect.result(serverUrl(variable))
    if (url._tag === "Failure") {
      return Option.some(wrong(variable, url.failure.message, "correct the variable"))
    }
    return Option.some(
      yield* inspect(variable, url.success).pipe(
        Effect.timeoutOrElse({
          duration: patience,
          orElse: () => Effect.fail(`no answer within ${patience}`)
        }),
        Effect.catch((error) =>
          Effect.succeed(
            wrong(
              variable,
              `${whereOf(url.success)}: ${withoutSecret(reasonOf(error), url.success)}`,
              `start the server, or correct ${variable}`
            )
          )
        )
      )
    )
  })

export const servers = Effect.map(
  Effect.forEach(variables, look, { concurrency: "unbounded" }),
  (found): ReadonlyArray<Finding> => {
    const given = found.flatMap((each) => Option.isSome(each) ? [each.value] : [])
    return given.length === 0 ? [ok("servers", "none is configured: the embedded system needs none")] : given
  }
)
