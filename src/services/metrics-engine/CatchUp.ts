/** Going over the archive for rows that the live numbers have not counted. Counting twice is impossible, so any overlap is. */
import type { LogRow } from "#domain/JobEvent.ts"
import { Effect } from "effect"
import { type ArchiveError, EventArchive } from "../ports/EventArchive.ts"
import { LiveStats, type LiveStatsError, throughputHorizonSeconds } from "../ports/LiveStats.ts"

/** Ids looked at in one step. */
const stepIds = 1_000
/**
 * Rows read at once, at first: a row has up to 500 events. Then as many as have so many events together: few enough
 * that others who use the same connection do not feel it.
 */
const firstRows = 20
const readEvents = 5_000
/** The newest events, from which the list of recent jobs is made again however old they are. */
const recentEvents = 1_000
/** Rows are in the order of their ids by time but for this much: no transaction and no clock step is longer. */
const disorderMillis = 10 * 60 * 1_000

const newestFirst = {
  jobId: undefined,
  types: undefined,
  queue: undefined,
  after: undefined,
  before: undefined,
  cursor: undefined
}

export interface CatchUp {
  /** The newest epoch that the archive knows; undefined while it is empty. */
  readonly newestEpoch: Effect.Effect<number | undefined, ArchiveError>
  /** An id of the epoch up to which nothing can matter to the live numbers, not below `from`. */
  readonly beginning: (epoch: number, from: bigint, now: number) => Effect.Effect<bigint, ArchiveError>
  /** Counts what is missing behind `from`, up to `through` or the end of the archive. */
  readonly count: (
    epoch: number,
    from: bigint,
    through?: bigint
  ) => Effect.Effect<void, ArchiveError | LiveStatsError>
}

/** `counted` is told how many rows were counted, and which was the newest. */
export const make = (
  counted: (rows: number, newest: LogRow) => void
): Effect.Effect<CatchUp, never, EventArchive | LiveStats> =>
  Effect.gen(function*() {
    const archive = yield* EventArchive
    const live = yield* LiveStats

    const count = Effect.fnUntraced(function*(epoch: number, from: bigint, through?: bigint) {
      let last = from
      let rowsAtOnce = firstRows
      while (true) {
        if (through !== undefined && last >= through) return
        const places = yield* archive.places(epoch, last, stepIds)
        const ids = places.map(({ id }) => id).filter((id) => through === undefined || id <= through)
        const missing = yield* live.missing(epoch, ids)
        for (let first = 0; first < missing.length;) {
          const rows = yield* archive.rows(epoch, missing.slice(first, first + rowsAtOnce))
          first += rowsAtOnce
          const newest = rows.at(-1)
          if (newest === undefined) continue
          counted(yield* live.apply(rows), newest)
          const events = rows.reduce((sum, row) => sum + row.events.length, 0)
          rowsAtOnce = Math.max(1, Math.floor(readEvents * rows.length / Math.max(1, events)))
        }
        if (ids.length < stepIds) return
        last = ids.at(-1) ?? last
      }
    })

    /** The first row behind an id is younger than `instant`, or there is none. */
    const isYoungAfter = (epoch: number, id: bigint, instant: number) =>
      Effect.map(archive.places(epoch, id, 1), ([place]) => place === undefined || place.at >= instant)

    /** An id whose successors are all younger than `instant`, nearly the greatest whose predecessors are older. */
    const lastBefore = Effect.fnUntraced(function*(epoch: number, from: bigint, instant: number) {
      let old = from
      let stride = BigInt(stepIds)
      if (yield* isYoungAfter(epoch, old, instant)) return old
      while (!(yield* isYoungAfter(epoch, old + stride, instant))) {
        old += stride
        stride *= 2n
      }
      let young = old + stride
      while (young - old > BigInt(stepIds)) {
        const middle = (old + young) / 2n
        if (yield* isYoungAfter(epoch, middle, instant)) young = middle
        else old = middle
      }
      return old
    })

    return {
      count,
      newestEpoch: Effect.map(
        archive.search({ ...newestFirst, limit: 1 }),
        ({ events: [event] }) => event === undefined ? undefined : Number(event.archiveId.split(":")[0])
      ),
      beginning: Effect.fnUntraced(function*(epoch, from, now) {
        const { events } = yield* archive.search({ ...newestFirst, limit: recentEvents })
        const recent = events
          .map(({ archiveId }) => archiveId.split(":"))
          .flatMap(([of, id]) => Number(of) === epoch ? [BigInt(id ?? 0) - 1n] : [])
        const old = yield* lastBefore(epoch, from, now - throughputHorizonSeconds * 1_000 - disorderMillis)
        const beginning = recent.reduce((least, id) => id < least ? id : least, old)
        return beginning > from ? beginning : from
      })
    }
  })
