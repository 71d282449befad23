/**
 * Sends hints again whose message is gone: nobody can be asked for one message, so loss is inferred (rule 11).
 *
 * A hint too many is harmless. A broker queue that is empty or gone, or a later hint that was claimed first, proves the
 * loss; the rest is a matter of patience that doubles.
 */
import { Effect, Layer, Schedule } from "effect"
import { Broker } from "../ports/Broker.ts"
import { JobStore } from "../ports/JobStore.ts"
import { Metrics } from "../ports/Metrics.ts"
import { groupHints } from "./Dispatch.ts"

/** Also the age from which a missing message counts as lost: a healthy broker has delivered by then. */
const intervalMillis = 5_000
/** Hints of one queue and type sent again in one sweep. */
const resendLimit = 1_000

const make = Effect.gen(function*() {
  const store = yield* JobStore
  const broker = yield* Broker
  const metrics = yield* Metrics

  const sweep = Effect.gen(function*() {
    yield* store.recall("without-worker")
    for (const load of yield* store.loads) {
      if (load.dispatched === 0 || load.paused) continue
      for (const type of load.liveTypes) {
        const ready = yield* broker.ready(load.queue, type)
        const again = yield* store.resend({
          queue: load.queue,
          type,
          lost: (ready ?? 0) === 0,
          olderThanMillis: intervalMillis,
          limit: resendLimit
        })
        if (again.length === 0) continue
        metrics.increment("odto_jobs_resent_total", { queue: load.queue }, again.length)
        const { unsent } = yield* broker.sendHints(groupHints(again))
        if (unsent.length > 0) yield* store.handBack(unsent.flatMap((hint) => hint.jobs))
      }
    }
  })

  yield* sweep.pipe(
    Effect.catch((error) => Effect.logWarning("the sweep for lost hints is put off", { reason: error.reason })),
    Effect.repeat(Schedule.spaced(intervalMillis)),
    Effect.forkScoped
  )
})

export const layer = Layer.effectDiscard(make)
