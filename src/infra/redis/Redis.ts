/** Redis through ioredis: one connection that comes back by itself, and commands that fail at once while it is away. */
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { Redis as Client } from "ioredis"

export class RedisError extends Schema.TaggedError<RedisError>()("RedisError", {
  operation: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `redis could not ${this.operation}`
  }
}

const connectMillis = 2_000
/** A server that has been sent a command and says nothing for this long is given up: longer than any of our scripts. */
const silenceMillis = 3_000
/** Pause before the n-th attempt to connect again: doubled up to the longest, for ever. */
const firstPauseMillis = 50
const longestPauseMillis = 2_000

export class Redis extends Context.Service<Redis, {
  readonly use: <A>(operation: string, run: (client: Client) => Promise<A>) => Effect.Effect<A, RedisError>
}>()("odto/infra/Redis") {
  /** Waits a moment for the server and goes on without it. Fails only for a URL that cannot be one. */
  static readonly layer = (url: Redacted.Redacted): Layer.Layer<Redis, RedisError> =>
    Layer.effect(
      Redis,
      Effect.gen(function*() {
        const client = yield* Effect.acquireRelease(
          Effect.try({
            try: () => connect(Redacted.value(url)),
            catch: (cause) => new RedisError({ operation: "read its URL", cause })
          }),
          (open) => Effect.sync(() => open.disconnect())
        )
        yield* Effect.timeoutOption(ready(client), connectMillis)
        return Redis.of({
          use: (operation, run) =>
            Effect.tryPromise({ try: () => run(client), catch: (cause) => new RedisError({ operation, cause }) })
        })
      })
    )
}

const connect = (url: string): Client =>
  new Client(parse(url), {
    connectionName: "odd-dashboard",
    connectTimeout: connectMillis,
    socketTimeout: silenceMillis,
    // What was sent when the connection broke may have been done: the caller repeats it, nobody else.
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(longestPauseMillis, firstPauseMillis * 2 ** Math.min(attempt - 1, 10))
  }).on("error", () => {}) // The commands say what is wrong; without a listener the driver prints every attempt.

/** The driver takes nearly any text for a host name. The text may hold a password: no error repeats it. */
const parse = (url: string): string => {
  if (!URL.canParse(url) || !["redis:", "rediss:"].includes(new URL(url).protocol)) {
    throw new Error("expected redis:// or rediss://")
  }
  return url
}

const ready = (client: Client) =>
  Effect.callback<void>((resume) => {
    const isReady = () => resume(Effect.void)
    if (client.status === "ready") return isReady()
    client.once("ready", isReady)
    return Effect.sync(() => void client.off("ready", isReady))
  })
