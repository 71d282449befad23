/** What a Redis server says of itself, for whoever looks for what is wrong. Changes nothing. */
import { Effect, type Redacted } from "effect"
import { Redis, RedisError } from "./Redis.ts"

export const inspectRedis = (url: Redacted.Redacted) =>
  Redis.use((redis) => redis.use("say its version", (client) => client.info("server"))).pipe(
    // The driver speaks of its own stream while it has no connection.
    Effect.mapError((error) =>
      new RedisError({
        operation: error.operation,
        cause: error.cause instanceof Error && error.cause.message.startsWith("Stream isn't writeable")
          ? new Error("it does not accept connections, or not with these credentials")
          : error.cause
      })
    ),
    Effect.map((text) => ({ version: /^redis_version:(\S+)/mu.exec(text)?.[1] ?? "unknown" })),
    Effect.provide(Redis.layer(url))
  )
