/**
 * How many jobs of each queue are in which state, for alerts and dashboards. What is queued or handed over, dispatch tells
 * by itself; this is the rest, read as people read it. Every dispatcher tells the same.
 */
import { Effect, Layer, Schedule } from "effect"
import { JobQueries } from "../ports/JobQueries.ts"
import { Metrics } from "../ports/Metrics.ts"
import { keepGoing } from "../Supervised.ts"

/** Prometheus asks every 15 seconds. */
const interval = "5 seconds"
const states = ["scheduled", "running", "retrying", "completed", "dead", "cancelled"] as const

/** Runs until its scope closes. */
export const layer = Layer.effectDiscard(Effect.gen(function*() {
  const queries = yield* JobQueries
  const metrics = yield* Metrics

  yield* queries.queues.pipe(
    Effect.map(({ value }) => {
      for (const { counts, name: queue, typesWithoutWorker } of value) {
        for (const state of states) metrics.set("odto_queue_jobs", { queue, state }, counts[state])
        metrics.set("odto_queue_types_without_worker", { queue }, typesWithoutWorker.length)
      }
    }),
    Effect.catch((error) => Effect.logWarning("the numbers of queues are put off", { reason: error.reason })),
    Effect.repeat(Schedule.spaced(interval)),
    keepGoing("telling the numbers of queues")
  )
}))
