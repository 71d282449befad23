/**
 * Ends leases that have run out and takes the jobs of ended leases back (rule 15).
 *
 * It acts only after a full lease period of unbroken contact with the store and of an unstalled event loop: after an
 * outage every healthy worker gets the time to renew first.
 */
import { leaseMillis } from "#domain/Worker.ts"
import { Effect, Layer, Schedule } from "effect"
import { nowMillis } from "../Monotonic.ts"
import { Metrics } from "../ports/Metrics.ts"
import { Signals } from "../ports/Signals.ts"
import { WorkerStore } from "../ports/WorkerStore.ts"
import { keepGoing } from "../Supervised.ts"

const intervalMillis = 500
/** A pass that comes this late shows that the event loop was stalled, or that the store took as long to answer. */
const stalledMillis = 1_500
/** Jobs taken back by one statement. */
const reapLimit = 1_000

const make = Effect.gen(function*() {
  const workers = yield* WorkerStore
  const metrics = yield* Metrics
  const signals = yield* Signals
  metrics.increment("odto_lease_expiries_total", {}, 0)
  for (const to of ["retrying", "dead", "cancelled"]) metrics.increment("odto_jobs_taken_back_total", { to }, 0)
  let inContactSince: number | undefined
  let lastPass: number | undefined

  const reap = Effect.gen(function*() {
    const { cancelled, dead, expiredWorkers, retrying } = yield* workers.reap({ everyone: false, limit: reapLimit })
    if (expiredWorkers > 0) {
      metrics.increment("odto_lease_expiries_total", {}, expiredWorkers)
      yield* Effect.logWarning("leases ended", { workers: expiredWorkers, retrying, dead, cancelled })
    }
    const takenBack = retrying + dead + cancelled
    if (takenBack === 0) return
    metrics.increment("odto_jobs_taken_back_total", { to: "retrying" }, retrying)
    metrics.increment("odto_jobs_taken_back_total", { to: "dead" }, dead)
    metrics.increment("odto_jobs_taken_back_total", { to: "cancelled" }, cancelled)
    yield* signals.send("due")
    yield* signals.send("log")
  })

  const pass = Effect.gen(function*() {
    const now = yield* nowMillis
    if (lastPass !== undefined && now - lastPass > stalledMillis) inContactSince = undefined
    lastPass = now
    if (inContactSince !== undefined && now - inContactSince >= leaseMillis) {
      yield* reap
    } else {
      yield* workers.queueNames
      inContactSince ??= now
    }
  }).pipe(
    Effect.catch((error) => {
      inContactSince = undefined
      return Effect.logWarning("the reaper lost contact with the store", { reason: error.reason })
    })
  )

  yield* pass.pipe(
    Effect.onError(() =>
      Effect.sync(() => {
        inContactSince = undefined
      })
    ),
    Effect.repeat(Schedule.spaced(intervalMillis)),
    keepGoing("the reaper")
  )
})

export const layer = Layer.effectDiscard(make)
