/** A steady stream of jobs for an embedded system, and jobs that only lie there. */
import type { Client } from "#client/Client.ts"
import { Effect } from "effect"

/** A job that runs makes four events: created, dispatched, started, completed. */
const eventsOfJob = 4
const tickMillis = 100

/** Submits jobs at the rate, as long as the scope is open. */
export const steadily = (client: Client, eventsPerSecond: number) => {
  const jobs = Math.round(eventsPerSecond / eventsOfJob * (tickMillis / 1_000))
  return Effect.acquireRelease(
    Effect.sync(() =>
      setInterval(
        () => {
          client.submitBatch(Array.from({ length: jobs }, () => ({ type: "demo.noop", queue: "load" }))).catch(() => [])
        },
        tickMillis
      )
    ),
    (timer) => Effect.sync(() => clearInterval(timer))
  )
}

/** As many jobs that wait for a day. */
export const lying = (client: Client, count: number) =>
  Effect.promise(async () => {
    const runAt = new Date(Date.now() + 86_400_000)
    for (let done = 0; done < count; done += 5_000) {
      await client.submitBatch(
        Array.from({ length: Math.min(5_000, count - done) }, () => ({ type: "demo.noop", queue: "lying", runAt }))
      )
    }
  })
