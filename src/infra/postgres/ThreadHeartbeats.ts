/**
 * Heartbeats from a thread of their own with a connection of their own (rule 14).
 *
 * A handler that keeps the main loop busy does not cost the lease; a main loop that hangs does: the thread hears a tick
 * from it every second, and without ticks it falls silent.
 */
import { heartbeatMillis, hungMainLoopMillis } from "#domain/Worker.ts"
import { Heartbeats } from "#services/ports/Heartbeats.ts"
import { Effect, Layer, Queue, Redacted, Stream } from "effect"
import { Worker } from "node:worker_threads"
import { threadEntry } from "../threadEntry.ts"
import type { FromThread, Start } from "./heartbeatThread.ts"

/** Often enough to tell a main loop that hangs from one that is busy. */
const tickMillis = 1_000
/** A thread that died is started again after this, well within the lease. */
const restartMillis = 500
/** Messages that a busy main loop may leave waiting: the newest says all that the older ones say. */
const mailbox = 64

export interface Options {
  readonly url: Redacted.Redacted
  /** What the server calls the connection. */
  readonly applicationName: string
  /** Default: `heartbeatMillis`. */
  readonly everyMillis?: number
  /** Silent after this long without a tick. Default: `hungMainLoopMillis`. */
  readonly hungMillis?: number
}

export const layer = ({
  applicationName,
  everyMillis = heartbeatMillis,
  hungMillis = hungMainLoopMillis,
  url
}: Options): Layer.Layer<Heartbeats> =>
  Layer.succeed(
    Heartbeats,
    Heartbeats.of({
      beat: (worker) =>
        messages({ url: Redacted.value(url), applicationName, worker, everyMillis, hungMillis }).pipe(
          Stream.tap((message) =>
            message.kind === "missed"
              ? Effect.logWarning("a heartbeat did not get through", { reason: message.reason })
              : Effect.void
          ),
          Stream.filter((message) => message.kind === "beat"),
          Stream.map((message) => message.beat),
          Stream.takeUntil((beat) => !beat.live)
        )
    })
  )

/** What threads say, one after the other: one that ends is followed by the next. */
const messages = (start: Start): Stream.Stream<FromThread> =>
  Stream.callback<FromThread>(
    (queue) => Effect.forever(Effect.andThen(runThread(start, queue), Effect.sleep(restartMillis))),
    { bufferSize: mailbox, strategy: "sliding" }
  )

/** Until the thread ends. */
const runThread = (start: Start, queue: Queue.Enqueue<FromThread>) =>
  Effect.callback<void>((resume) => {
    const thread = new Worker(threadEntry("infra/postgres/heartbeatThread"), { workerData: start, name: "heartbeat" })
    const ticking = setInterval(() => thread.postMessage("tick"), tickMillis)
    const stop = () => clearInterval(ticking)
    thread.on("message", (message: FromThread) => Queue.offerUnsafe(queue, message))
    thread.on("error", (error) => Queue.offerUnsafe(queue, { kind: "missed", reason: error.message }))
    thread.on("exit", () => {
      stop()
      resume(Effect.void)
    })
    return Effect.promise(() => {
      stop()
      return thread.terminate()
    })
  })
