/** An archive in memory, for tests: it keeps everything. */
import { archiveId, type LogRow } from "#domain/JobEvent.ts"
import { Effect, Layer } from "effect"
import { eventsOfJob, newestRowFirst, placeOf, rowFits, searchRows } from "../ArchivedEvents.ts"
import { EventArchive } from "../EventArchive.ts"

export const layer = Layer.sync(EventArchive, () => {
  const rows = new Map<string, LogRow>()
  const newestFirst = () => [...rows.values()].toSorted((a, b) => newestRowFirst(placeOf(a), placeOf(b)))
  const ofEpoch = (epoch: number, afterId: bigint) =>
    [...rows.values()]
      .filter((row) => row.epoch === epoch && row.position.id > afterId)
      .toSorted((a, b) => a.position.id < b.position.id ? -1 : 1)

  return EventArchive.of({
    name: "memory",
    store: (given) =>
      Effect.sync(() => {
        const before = rows.size
        for (const row of given) if (!rows.has(archiveId(row))) rows.set(archiveId(row), row)
        return rows.size - before
      }),
    ofJob: (jobId) => Effect.sync(() => eventsOfJob([...rows.values()], jobId)),
    search: (query) =>
      searchRows(query, (from, limit) =>
        Effect.sync(() =>
          newestFirst()
            .filter((row) => rowFits(query, row) && (from === undefined || newestRowFirst(from, placeOf(row)) <= 0))
            .slice(0, limit)
        )),
    scan: (epoch, afterId, limit) => Effect.sync(() => ofEpoch(epoch, afterId).slice(0, limit)),
    places: (epoch, afterId, limit) =>
      Effect.sync(() => ofEpoch(epoch, afterId).slice(0, limit).map(({ at, position }) => ({ id: position.id, at }))),
    rows: (epoch, ids) =>
      Effect.sync(() => {
        const wanted = new Set(ids)
        return ofEpoch(epoch, -1n).filter(({ position }) => wanted.has(position.id))
      }),
    absent: (epoch, ids) => Effect.sync(() => ids.filter((id) => !rows.has(`${epoch}:${id}`))),
    newestRowAt: Effect.sync(() => newestFirst()[0]?.at),
    ping: Effect.void
  })
})
