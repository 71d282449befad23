/** Stores rows, past those that the archive will never take. */
import { archiveId, type LogRow } from "#domain/JobEvent.ts"
import { Effect } from "effect"
import type { ArchiveError, EventArchive } from "../ports/EventArchive.ts"
import type { Metrics } from "../ports/Metrics.ts"

/**
 * Answers the rows that are in the archive. A refused batch is halved until the refused row stands alone; it stays in
 * the event log, which is not pruned past it. Fails only as `unavailable`: then nothing is known, and it may be repeated.
 */
export const storeWhatCanBe = (
  archive: EventArchive["Service"],
  metrics: Metrics["Service"],
  rows: ReadonlyArray<LogRow>
): Effect.Effect<ReadonlyArray<LogRow>, ArchiveError> => {
  const half = Math.ceil(rows.length / 2)
  return rows.length === 0 ? Effect.succeed(rows) : archive.store(rows).pipe(
    Effect.map((fresh) => {
      metrics.increment("odto_archived_events_total", {}, freshEvents(rows, fresh))
      return rows
    }),
    Effect.catchIf(
      ({ reason }) => reason === "refused",
      (error) =>
        rows.length > 1
          ? Effect.zipWith(
            storeWhatCanBe(archive, metrics, rows.slice(0, half)),
            storeWhatCanBe(archive, metrics, rows.slice(half)),
            (one, other) => [...one, ...other]
          )
          : Effect.gen(function*() {
            metrics.increment("odto_archive_refused_rows_total", {})
            yield* Effect.logError("the archive refuses a row of the event log", {
              row: rows.map(archiveId),
              cause: error.cause
            })
            return []
          })
    )
  )
}

/** How many events were new is known only when all rows were, or none; in between it is shared out. */
const freshEvents = (rows: ReadonlyArray<LogRow>, fresh: number): number =>
  Math.round(rows.reduce((sum, { events }) => sum + events.length, 0) * fresh / rows.length)
