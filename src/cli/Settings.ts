/** What programs read from the environment, with its defaults. Every name starts with ODTO_. */
import { QueueName } from "#domain/Job.ts"
import * as bearerToken from "#infra/http/bearerToken.ts"
import { Config, Effect, Option, Redacted, Runtime, Schema } from "effect"
import { exitCodes } from "./exitCodes.ts"

/** A program cannot start without this setting; there is no silent fallback. */
export class MissingSetting extends Schema.TaggedError<MissingSetting>()("MissingSetting", {
  variable: Schema.String,
  purpose: Schema.String,
  example: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.configuration
  override get message() {
    return `${this.variable} is not set: ${this.purpose}, for example ${this.variable}=${this.example}`
  }
}

export class InvalidSetting extends Schema.TaggedError<InvalidSetting>()("InvalidSetting", {
  variable: Schema.String,
  detail: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.configuration
  override get message() {
    return `${this.variable} is not valid: ${this.detail}`
  }
}

const servers = {
  ODTO_DATABASE_URL: { purpose: "the PostgreSQL that holds the jobs", example: "postgres://user@host:5432/odto" },
  ODTO_AMQP_URL: { purpose: "the RabbitMQ that carries hints and events", example: "amqp://user@host:5672" },
  ODTO_REDIS_URL: { purpose: "the Redis that holds the live numbers", example: "redis://host:6379" },
  ODTO_MONGODB_URL: { purpose: "the MongoDB that archives the events", example: "mongodb://host:27017/odto" }
} as const

/** The URL of a server; the program is refused without it. */
export const serverUrl = (variable: keyof typeof servers) =>
  Effect.gen(function*() {
    const url = yield* Config.option(Config.Redacted(variable))
    if (Option.isNone(url) || Redacted.value(url.value) === "") {
      return yield* new MissingSetting({ variable, ...servers[variable] })
    }
    if (!URL.canParse(Redacted.value(url.value))) {
      return yield* new InvalidSetting({ variable, detail: `it must be a URL such as ${servers[variable].example}` })
    }
    return url.value
  })

/** What the schema says, without its frame and without the path: the variable is named anyway. */
const plain = (message: string): string =>
  (message.replace(/^SchemaError\(/u, "").split("\n", 1)[0] ?? "").replace(/\)$/u, "")

/** 0 stands for any free port. */
const port = (variable: string) =>
  Config.schema(
    Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 0, maximum: 65_535 })),
    variable
  )

/** A setting that has a default; what cannot be read is refused by name. */
const optional = <A>(variable: string, config: Config.Config<A>, fallback: A) =>
  Effect.mapError(
    config.pipe(Config.withDefault(fallback)),
    (error) => new InvalidSetting({ variable, detail: plain(error.message) })
  )

/** Address that the servers listen on; anything but loopback asks for tokens. */
export const host = optional("ODTO_HOST", Config.String("ODTO_HOST"), "127.0.0.1")
export const defaultGatewayPort = 3000
export const defaultReadModelPort = 8080
export const gatewayPort = optional("ODTO_GATEWAY_PORT", port("ODTO_GATEWAY_PORT"), defaultGatewayPort)
export const readModelPort = optional("ODTO_READ_MODEL_PORT", port("ODTO_READ_MODEL_PORT"), defaultReadModelPort)
/** Health and metrics of the programs without an API; their defaults differ, so that all fit on one host. */
export const opsPort = (fallback: number) => optional("ODTO_OPS_PORT", port("ODTO_OPS_PORT"), fallback)

/** The ground that the dashboard is drawn on; what is not set it finds out by itself. */
const theme = optional("ODTO_THEME", Config.schema(Schema.Literals(["dark", "light", ""]), "ODTO_THEME"), "")
/** What the dashboard reads of the environment, also where a running system or the terminal answers instead. */
export const checkedForDashboard = Effect.all([gatewayPort, readModelPort, theme], { discard: true })

/** Hosts that browsers may name besides loopback, separated by commas. */
export const allowedHosts = Effect.map(
  optional("ODTO_ALLOWED_HOSTS", Config.String("ODTO_ALLOWED_HOSTS"), ""),
  (text) => text.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "")
)

/** Alertmanager's token for the webhook; without it an operator's token is needed. */
export const webhookToken = Config.option(Config.Redacted("ODTO_ALERT_WEBHOOK_TOKEN"))

/** A token that `migrate` makes one of an administrator: the first, where no person is there to be shown one. */
export const adminToken = Effect.flatMap(
  Config.option(Config.Redacted("ODTO_ADMIN_TOKEN")),
  (token) =>
    Option.isNone(token) || bearerToken.isPlausible(Redacted.value(token.value))
      ? Effect.succeed(token)
      : Effect.fail(
        new InvalidSetting({
          variable: "ODTO_ADMIN_TOKEN",
          detail: "it must be `odto_` and 43 letters, digits, '-' or '_' (32 random bytes as base64url)"
        })
      )
)

const maxSlots = 1_000
/** Attempts at a time in one worker. */
export const concurrency = optional(
  "ODTO_CONCURRENCY",
  Config.schema(
    Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: maxSlots })),
    "ODTO_CONCURRENCY"
  ),
  100
)
/** Seconds that running attempts get when a worker stops. */
export const drainSeconds = optional(
  "ODTO_DRAIN_SECONDS",
  Config.schema(Schema.FiniteFromString.check(Schema.isBetween({ minimum: 0, maximum: 3_600 })), "ODTO_DRAIN_SECONDS"),
  20
)

const decodeQueue = Schema.decodeUnknownOption(QueueName)

/** `ODTO_QUEUES=default,mail`: the queues that a worker serves. Default: all. */
export const queues = Effect.gen(function*() {
  const text = yield* optional("ODTO_QUEUES", Config.String("ODTO_QUEUES"), "")
  if (text.trim() === "") return undefined
  return yield* Effect.forEach(text.split(","), (name) =>
    Option.match(decodeQueue(name.trim()), {
      onSome: (queue) => Effect.succeed(queue),
      onNone: () => Effect.fail(new InvalidSetting({ variable: "ODTO_QUEUES", detail: `${name} is no queue name` }))
    }))
})

/** `ODTO_QUEUE_CONCURRENCY=mail=5,reports=1`: attempts at a time of single queues in one worker. */
export const queueConcurrency = Effect.gen(function*() {
  const text = yield* optional("ODTO_QUEUE_CONCURRENCY", Config.String("ODTO_QUEUE_CONCURRENCY"), "")
  const entries = text.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "")
  return new Map(
    yield* Effect.forEach(entries, (entry) => {
      const [name = "", limit = ""] = entry.split("=")
      const queue = decodeQueue(name)
      return Option.isSome(queue) && /^[1-9]\d{0,3}$/u.test(limit)
        ? Effect.succeed([queue.value, Number(limit)] as const)
        : Effect.fail(
          new InvalidSetting({ variable: "ODTO_QUEUE_CONCURRENCY", detail: `${entry} is not <queue>=<1 to 9999>` })
        )
    })
  )
})

/** Everything that can be set without a server: what is wrong is said before anything is opened. */
export const checked = Effect.all(
  [host, gatewayPort, readModelPort, allowedHosts, concurrency, drainSeconds, queues, queueConcurrency],
  { discard: true }
)
