/**
 * Worker thread: renews the lease of one worker, on time whatever the main loop does.
 *
 * It beats as long as the main loop ticks. It knows nothing of jobs: what the store answers goes to the main loop, which
 * hears of it when it has time.
 */
import type { WorkerId } from "#domain/Worker.ts"
import type { Heartbeat } from "#services/ports/WorkerStore.ts"
import { PgClient } from "@effect/sql-pg"
import { Cause, Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { parentPort, workerData } from "node:worker_threads"
import { heartbeat } from "./workers/heartbeat.ts"

/** `workerData`. Durations in milliseconds. */
export interface Start {
  readonly url: string
  readonly applicationName: string
  readonly worker: WorkerId
  readonly everyMillis: number
  readonly hungMillis: number
}

export type FromThread =
  | { readonly kind: "beat"; readonly beat: Heartbeat }
  | { readonly kind: "missed"; readonly reason: string }

/** A beat that takes longer is given up, while there is time for another one within the lease. */
const patienceMillis = 2_000

const port = parentPort
if (port === null) throw new Error("this is the code of a worker thread")
const start: Start = workerData
const say = (message: FromThread) => port.postMessage(message)

let tickedAt = performance.now()
port.on("message", () => {
  tickedAt = performance.now()
})

const beat = Effect.gen(function*() {
  if (performance.now() - tickedAt > start.hungMillis) return
  const sql = yield* SqlClient.SqlClient
  say({ kind: "beat", beat: yield* heartbeat(sql, start.worker) })
}).pipe(
  Effect.timeout(patienceMillis),
  Effect.catchCause((cause) =>
    Effect.sync(() => {
      const error = Cause.squash(cause)
      say({ kind: "missed", reason: error instanceof Error ? error.message : String(error) })
    })
  )
)

const connection = PgClient.layer({
  url: Redacted.make(start.url),
  applicationName: start.applicationName,
  maxConnections: 1,
  connectTimeout: patienceMillis,
  startupParameters: { synchronous_commit: "on", statement_timeout: `${patienceMillis}ms` }
})

/** Ends the thread when the beats end, so that another one is started. */
Effect.runCallback(Effect.provide(Effect.forever(Effect.andThen(beat, Effect.sleep(start.everyMillis))), connection), {
  onExit: () => process.exit()
})
