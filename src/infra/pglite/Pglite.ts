/**
 * The embedded PostgreSQL: PGlite in a thread of its own, with its data in the data folder.
 *
 * The same client speaks to it as to a real server, so there is one set of statements. It has one session, on which
 * statements of all fibers follow each other without waiting for answers in between; a transaction has it to itself.
 * What a server does by itself is different here: statements cannot be cancelled and have no time limit, and there are
 * no background processes (`Upkeep` does the most needed of their work). A committed transaction survives the end of
 * the process in any way, but not the loss of power: PGlite does not flush files.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Deferred, Duration, Effect, Layer, Schema } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient } from "effect/sql"
import { Worker } from "node:worker_threads"
import { keepFailures } from "../postgres/brokenTransactions.ts"
import { threadEntry } from "../threadEntry.ts"
import { DataFolder } from "./DataFolder.ts"
import type { FromThread, Start, ToThread } from "./messages.ts"
import { Sessions } from "./Sessions.ts"
import { findTemplate } from "./templateFile.ts"
import * as Upkeep from "./Upkeep.ts"

/** A checkpoint of what the shared buffers hold takes a part of a second. */
const stopPatience = Duration.seconds(10)
/** Opening a session waits for the statement that runs, which has no limit of its own. */
const connectTimeout = Duration.minutes(1)
/** The session costs nothing; a new one would have to prepare its statements again. */
const idleTimeout = Duration.hours(24)

/** The embedded database cannot be opened, or has ended by itself. Whoever runs it has to stop and start again. */
export class PgliteFailed extends Schema.TaggedError<PgliteFailed>()("PgliteFailed", {
  folder: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `the embedded database in ${this.folder} failed: ${this.reason}`
  }
}

export class Pglite extends Context.Service<Pglite, {
  /** Where its files are. */
  readonly folder: string
  /** Waits until the database ends by itself, and fails then. Statements fail with `ConnectionError` from then on. */
  readonly failure: Effect.Effect<never, PgliteFailed>
}>()("odto/infra/Pglite") {}

export interface Options {
  /** The file that a new database is made from. Default: the one of this installation; without one it takes seconds. */
  readonly template?: string | undefined
}

/** The thread, ready for sessions. Closing the scope writes a checkpoint and ends it. */
const startThread = Effect.fnUntraced(function*(start: Start) {
  const failure = yield* Deferred.make<never, PgliteFailed>()
  const ready = yield* Deferred.make<void>()
  const stopped = yield* Deferred.make<void>()
  const thread = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(threadEntry("infra/pglite/pgliteThread"), { workerData: start, name: "pglite" })),
    (thread) => Effect.promise(() => thread.terminate())
  )
  const send = (message: ToThread, moved: ReadonlyArray<ArrayBuffer> = []) => thread.postMessage(message, moved)
  const sessions = new Sessions(send)
  const fail = (reason: string) => {
    const error = new PgliteFailed({ folder: start.folder, reason })
    Deferred.doneUnsafe(failure, error)
    sessions.fail(error)
  }
  const ended = () => fail("its thread has ended")
  thread.on("message", (message: FromThread) => {
    switch (message.kind) {
      case "ready":
        return Deferred.doneUnsafe(ready, Effect.void)
      case "failed":
        return fail(message.reason)
      case "stopped":
        thread.off("exit", ended)
        return Deferred.doneUnsafe(stopped, Effect.void)
      default:
        return sessions.receive(message)
    }
  })
  thread.on("error", (error) => fail(error.message))
  thread.on("exit", ended)
  yield* Effect.raceFirst(Deferred.await(ready), Deferred.await(failure))
  yield* Effect.addFinalizer(() => {
    send({ kind: "stop" })
    return Effect.raceFirst(Deferred.await(stopped), Deferred.await(failure)).pipe(
      Effect.timeout(stopPatience),
      Effect.catch((error) => Effect.logWarning(`the embedded database was not closed in good order: ${error.message}`))
    )
  })
  return { sessions, failure: Deferred.await(failure) }
})

/** Opens the database of the data folder, or makes it. */
export const layer = (
  { template = findTemplate() }: Options = {}
): Layer.Layer<Pglite | PgClient.PgClient | SqlClient.SqlClient, PgliteFailed, DataFolder> =>
  Layer.effectContext(Effect.gen(function*() {
    const { database: folder } = yield* DataFolder
    const { failure, sessions } = yield* startThread({ folder, template })
    const client = yield* PgClient.make({
      stream: sessions.open,
      username: "postgres",
      maxConnections: 1,
      multiplex: true,
      connectTimeout,
      idleTimeout
    }).pipe(
      Effect.map(keepFailures),
      Effect.mapError(({ message: reason }) => new PgliteFailed({ folder, reason }))
    )
    yield* Upkeep.run(client)
    return Context.make(Pglite, { folder, failure }).pipe(
      Context.add(PgClient.PgClient, client),
      Context.add(SqlClient.SqlClient, client)
    )
  })).pipe(Layer.provide(Reactivity.layer))
