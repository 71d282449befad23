/**
 * Makes sure that what the event log holds is in the archive, and lets the log go only then (rule 23).
 *
 *     log     ──────verified──┬───────relayed──┬─────closed──>
 *                             └ the first row that the archive has not
 *
 * The archive follows the relay by moments, so a row that is missing is usually on its way. One that has been relayed
 * and is missing for longer than any delivery takes was lost on the way: it is stored from the log. An archive that has
 * lost rows which it once had is found by its last verified row being gone, and filled again from the log.
 */
import { compare, type Position, start } from "#domain/Position.ts"
import { Clock, Context, Effect, Layer, Schedule } from "effect"
import { EventArchive } from "../ports/EventArchive.ts"
import { EventLog, type LogHead, type LogPlace } from "../ports/EventLog.ts"
import { Metrics } from "../ports/Metrics.ts"
import { SettledIds } from "./SettledIds.ts"
import { storeWhatCanBe } from "./storeWhatCanBe.ts"

/** Rows looked at in one step: a few milliseconds for either store. */
const stepRows = 500
/** Pause between steps while there is a backlog: the audit must not be felt. 10,000 rows a second at most. */
const stepPauseMillis = 50
const intervalMillis = 1_000
/** A relayed row that is missing for so long is lost: the broker waits for confirms 10 s, the archiver retries every 5 s. */
const patienceMillis = 30_000
const pruneIntervalMillis = 10_000
/** Rows deleted by one statement. */
const pruneRows = 2_000

/** How long a relayed row stays in the log: readers of the event stream find their holes there. */
export const defaultHorizonMillis = 60 * 60 * 1_000

export interface Options {
  /** Rows younger than this are not deleted. Default: one hour. */
  readonly horizonMillis?: number
}

/** A row is missing at this place. */
interface Gap {
  readonly at: Position
  readonly since: number
  /** What the broker had when the gap was seen: after `patienceMillis` it has had it for that long. */
  readonly relayed: Position
}

export class ArchiveAudit extends Context.Service<ArchiveAudit, {
  /** Everything that the log ever held up to here is in the archive. */
  readonly verified: Effect.Effect<Position>
  /**
   * An epoch and an id: rows of the epoch with ids up to this one are all in the archive, and no other will come.
   * Undefined while nothing is known.
   */
  readonly settled: Effect.Effect<{ readonly epoch: number; readonly id: bigint } | undefined>
}>()("odto/services/metrics-engine/ArchiveAudit") {
  /** Where the log is the archive: every closed row is in it, and one connection writes ids in their order. */
  static readonly layerLogIsArchive = Layer.effect(
    ArchiveAudit,
    Effect.gen(function*() {
      const log = yield* EventLog
      const head = Effect.option(log.head)
      return ArchiveAudit.of({
        verified: Effect.map(head, (known) => known._tag === "Some" ? known.value.closed : start),
        settled: Effect.map(
          head,
          (known) => known._tag === "Some" ? { epoch: known.value.epoch, id: known.value.closed.id } : undefined
        )
      })
    })
  )

  static readonly layer = ({ horizonMillis = defaultHorizonMillis }: Options = {}) =>
    Layer.effect(
      ArchiveAudit,
      Effect.gen(function*() {
        const log = yield* EventLog
        const archive = yield* EventArchive
        const metrics = yield* Metrics
        metrics.increment("odto_archive_repaired_rows_total", {}, 0)

        let epoch: number | undefined
        let verified = start
        let settled = new SettledIds()
        let gap: Gap | undefined
        let isFilling = false

        const closeGap = () => {
          gap = undefined
          isFilling = false
        }
        const beginAnew = (of: number) => {
          epoch = of
          verified = start
          settled = new SettledIds()
          closeGap()
        }

        const accept = (places: ReadonlyArray<LogPlace>) => {
          for (const place of places) settled.add(place)
          verified = places.at(-1)?.position ?? verified
        }

        /** Whether all of the missing rows were stored; none while they may still be on their way. */
        const fill = Effect.fnUntraced(function*(missing: ReadonlyArray<LogPlace>, first: LogPlace, head: LogHead) {
          const now = yield* Clock.currentTimeMillis
          if (gap === undefined || (!isFilling && compare(gap.at, first.position) !== 0)) {
            gap = { at: first.position, since: now, relayed: head.relayed }
          }
          const { relayed, since } = gap
          if (now - since < patienceMillis) return false
          const lost = missing.filter(({ position }) => compare(position, relayed) <= 0)
          if (lost.length === 0) {
            closeGap()
            return false
          }
          const rows = yield* log.byIds(lost.map(({ position }) => position.id))
          const stored = yield* storeWhatCanBe(archive, metrics, rows.filter((row) => row.epoch === head.epoch))
          metrics.increment("odto_archive_repaired_rows_total", {}, stored.length)
          yield* Effect.logWarning("rows of the event log were missing in the archive", {
            stored: stored.length,
            missing: lost.length,
            first: String(first.position.id)
          })
          // What follows was lost with these, and need not be waited for again.
          isFilling = true
          return stored.length === missing.length
        })

        /** One step; false when there is nothing to go on with. */
        const step = Effect.fnUntraced(function*(head: LogHead) {
          const places = yield* log.placesAfter(verified, stepRows)
          if (places.length === 0 || places[0]?.epoch !== head.epoch) return false
          const absent = new Set(yield* archive.absent(head.epoch, places.map(({ position }) => position.id)))
          const missing = places.filter(({ position }) => absent.has(position.id))
          const [first] = missing
          if (first === undefined) {
            closeGap()
            accept(places)
          } else {
            const there = places.indexOf(first)
            accept(places.slice(0, there))
            if (!(yield* fill(missing, first, head))) return false
            accept(places.slice(there))
          }
          return places.length === stepRows
        })

        const round = Effect.gen(function*() {
          const head = yield* log.head
          const hasLost = epoch === head.epoch && verified !== start &&
            head.oldest !== undefined && compare(head.oldest, verified) <= 0 &&
            (yield* archive.absent(head.epoch, [verified.id])).length > 0
          if (hasLost) yield* Effect.logWarning("the archive has lost rows: they are filled in from the event log")
          if (hasLost || epoch !== head.epoch) beginAnew(head.epoch)
          while (yield* step(head)) yield* Effect.sleep(stepPauseMillis)
          const [oldest] = compare(verified, head.closed) < 0 ? yield* log.placesAfter(verified, 1) : []
          const now = yield* Clock.currentTimeMillis
          metrics.set(
            "odto_archive_unverified_seconds",
            {},
            oldest === undefined ? 0 : Math.max(0, now - oldest.at) / 1_000
          )
        })

        const prune = Effect.gen(function*() {
          while ((yield* log.prune(verified, horizonMillis, pruneRows)) === pruneRows) {
            yield* Effect.sleep(stepPauseMillis)
          }
        })

        const regularly = <E>(what: string, work: Effect.Effect<void, E>, millis: number) =>
          work.pipe(
            Effect.catchCause((cause) => Effect.logWarning(`${what} is put off`, cause)),
            Effect.repeat(Schedule.spaced(millis)),
            Effect.forkScoped
          )
        yield* regularly("checking the archive", round, intervalMillis)
        yield* regularly("pruning the event log", prune, pruneIntervalMillis)

        return ArchiveAudit.of({
          verified: Effect.sync(() => verified),
          settled: Effect.sync(() => epoch === undefined ? undefined : { epoch, id: settled.id })
        })
      })
    )
}
