/** MongoDB through its driver: one bounded pool, found again by the driver after every loss. */
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { type Db, MongoClient } from "mongodb"

export class MongoError extends Schema.TaggedError<MongoError>()("MongoError", {
  operation: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `mongodb could not ${this.operation}`
  }
}

/** Used when the URL names no database. */
export const defaultDatabase = "odto"

/** Connections: the archiver writes one batch at a time, audit and screens read beside it. */
const poolSize = 8
/** How long an operation waits for a server to be found: a server that is away is an answer, soon. */
const selectionMillis = 2_000
const connectMillis = 2_000
/** How long an operation waits for a connection of the pool. */
const poolWaitMillis = 5_000
/** A server that accepts and says nothing is given up after this: longer than the longest write concern wait. */
const socketMillis = 15_000

/** The one place that opens connections. */
export class Mongo extends Context.Service<Mongo, {
  readonly use: <A>(operation: string, run: (database: Db) => Promise<A>) => Effect.Effect<A, MongoError>
}>()("odto/infra/Mongo") {
  /** Does not wait for the server. Fails only for a URL that cannot be one. */
  static readonly layer = (url: Redacted.Redacted): Layer.Layer<Mongo, MongoError> =>
    Layer.effect(
      Mongo,
      Effect.gen(function*() {
        const client = yield* Effect.acquireRelease(
          Effect.try({
            try: () =>
              new MongoClient(Redacted.value(url), {
                appName: "odd-dashboard",
                connectTimeoutMS: connectMillis,
                maxPoolSize: poolSize,
                serverSelectionTimeoutMS: selectionMillis,
                socketTimeoutMS: socketMillis,
                waitQueueTimeoutMS: poolWaitMillis
              }),
            catch: (cause) => new MongoError({ operation: "read its URL", cause })
          }),
          (open) => Effect.ignore(Effect.tryPromise(() => open.close()))
        )
        const database = client.db(databaseOf(Redacted.value(url)))
        return Mongo.of({
          use: (operation, run) =>
            Effect.tryPromise({
              try: () => run(database),
              catch: (cause) => new MongoError({ operation, cause })
            })
        })
      })
    )
}

/** The driver says `test` for a URL without a path, and cannot tell whether the URL said so. */
export const databaseOf = (url: string): string => {
  const path = /^mongodb(?:\+srv)?:\/\/[^/?]*\/([^?]*)/u.exec(url)?.[1]
  return path === undefined || path === "" ? defaultDatabase : decodeURIComponent(path)
}
