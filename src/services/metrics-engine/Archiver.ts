/**
 * From the event spine into the archive: stored, then acknowledged, then offered to the live numbers (rule 24).
 *
 * Batches are what waits. While the archive is away nothing is acknowledged: the prefetch bounds what is held here, the
 * broker's queue what waits there, and then the relay stands still; jobs go on. The live numbers hold up nothing.
 */
import { Cause, Clock, Effect, Layer, Pull, Schedule, Stream } from "effect"
import * as BatchTraces from "../BatchTraces.ts"
import * as Pace from "../Pace.ts"
import { Broker, type SpineDelivery } from "../ports/Broker.ts"
import { EventArchive } from "../ports/EventArchive.ts"
import { Metrics } from "../ports/Metrics.ts"
import { LiveProjection } from "./LiveProjection.ts"
import { storeWhatCanBe } from "./storeWhatCanBe.ts"

/** Rows held unacknowledged: one batch on its way and one gathering. A row has up to 256 KiB, usually a few. */
const prefetch = 400
/** While the archive is away: quick at first, so that a hiccup is not felt. */
const retryPolicy = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")]).pipe(
  Schedule.jittered
)
/** Between the beginnings of two batches of several rows: rows of three transactions of a busy system. */
const paceMillis = 40
/** Pause after a failure that nobody has foreseen. */
const restartMillis = 1_000

export const layer = Layer.effectDiscard(Effect.gen(function*() {
  const archive = yield* EventArchive
  const metrics = yield* Metrics
  const live = yield* LiveProjection
  const broker = yield* Broker
  const pace = Pace.make(paceMillis)
  metrics.increment("odto_archived_events_total", {}, 0)
  metrics.increment("odto_archive_refused_rows_total", {}, 0)
  metrics.increment("odto_store_errors_total", { store: archive.name, operation: "archive" }, 0)

  const storeOnce = Effect.fnUntraced(function*(deliveries: ReadonlyArray<SpineDelivery>) {
    const rows = deliveries.map(({ message }) => message.row)
    yield* pace.began(rows.length)
    const startedAt = yield* Clock.currentTimeMillis
    const stored = yield* storeWhatCanBe(archive, metrics, rows).pipe(
      Effect.withSpan("Archiver.store", {
        attributes: { rows: rows.length },
        kind: "consumer",
        links: BatchTraces.linksOf(rows.flatMap(({ events }) => events)),
        root: true
      })
    )
    const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1_000
    metrics.observe("odto_store_duration_seconds", { store: archive.name, operation: "archive" }, seconds)
    metrics.observe("odto_batch_size", { operation: "archive" }, rows.length)
    for (const { ack } of deliveries) yield* ack
    live.offer(stored)
  })

  /** Nothing interrupts an attempt: the batch in hand is stored and acknowledged before the program ends. */
  const archiveBatch = (deliveries: ReadonlyArray<SpineDelivery>) =>
    Effect.uninterruptible(storeOnce(deliveries)).pipe(
      Effect.tapError((error) => {
        metrics.increment("odto_store_errors_total", { store: archive.name, operation: "archive" })
        return Effect.logWarning("events wait for the archive", Cause.fail(error))
      }),
      Effect.retry(retryPolicy)
    )

  const consume = Effect.gen(function*() {
    const pull = yield* Stream.toPull(broker.archiveFeed(prefetch))
    return yield* Effect.forever(Effect.andThen(pace.turn, Effect.flatMap(pull, archiveBatch)))
  }).pipe(Effect.scoped, Pull.catchDone(() => Effect.void))

  yield* consume.pipe(
    // A new consumer, because the broker still waits for the acknowledgements of this one.
    Effect.catchCause((cause) => Effect.logError("archiving begins anew", cause)),
    Effect.repeat(Schedule.spaced(restartMillis)),
    Effect.forkScoped
  )
}))
