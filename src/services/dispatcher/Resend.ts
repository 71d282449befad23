/**
 * Sends hints again whose message is gone: nobody can be asked for one message, so loss is inferred (rule 11).
 *
 * A hint too many is harmless. A broker queue that is empty or gone, or a later hint that was claimed first, proves the
 * loss; the rest is a matter of patience that doubles.
 */
import type { JobTypeName, QueueName } from "#domain/Job.ts"
import { Effect, Layer, Schedule } from "effect"
import { Broker } from "../ports/Broker.ts"
import { JobStore } from "../ports/JobStore.ts"
import { Metrics } from "../ports/Metrics.ts"
import { keepGoing } from "../Supervised.ts"
import { groupHints } from "./Dispatch.ts"

/** Also the age from which a missing message counts as lost: a healthy broker has delivered by then. */
const intervalMillis = 5_000
/** Hints of one queue and type sent again in one sweep. */
const resendLimit = 1_000

const make = Effect.gen(function*() {
  const store = yield* JobStore
  const broker = yield* Broker
  const metrics = yield* Metrics

  const resend = Effect.fnUntraced(function*(queue: QueueName, type: JobTypeName) {
    // A broker that cannot say is no proof of a loss.
    const ready = yield* broker.ready(queue, type).pipe(
      Effect.match({
        onFailure: () => ({ known: false, count: 0 }),
        onSuccess: (count = 0) => ({ known: true, count })
      })
    )
    const again = yield* store.resend({
      queue,
      type,
      lost: ready.known && ready.count === 0,
      olderThanMillis: intervalMillis,
      limit: resendLimit
    })
    if (again.length === 0) return
    metrics.increment("odto_jobs_resent_total", { queue }, again.length)
    const { unsent } = yield* broker.sendHints(groupHints(again))
    if (unsent.length > 0) yield* store.handBack(unsent.flatMap((hint) => hint.jobs))
  })

  /** One queue that is in trouble does not keep the others from their turn. */
  const sweep = Effect.gen(function*() {
    yield* store.recall("without-worker")
    for (const load of yield* store.loads) {
      if (load.dispatched === 0 || load.paused) continue
      for (const type of load.lanes.flatMap(({ types }) => types)) {
        yield* resend(load.queue, type).pipe(
          Effect.catch((error) =>
            Effect.logWarning("lost hints are not sent again", { queue: load.queue, type, reason: error.reason })
          )
        )
      }
    }
  })

  yield* sweep.pipe(
    Effect.catch((error) => Effect.logWarning("the sweep for lost hints is put off", { reason: error.reason })),
    Effect.repeat(Schedule.spaced(intervalMillis)),
    keepGoing("the sweep for lost hints")
  )
})

export const layer = Layer.effectDiscard(make)
