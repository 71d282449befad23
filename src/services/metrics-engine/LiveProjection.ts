/**
 * Keeps the live numbers up with the archive (rule 25): rows just archived are counted at once, and a sweep goes over
 * the archive for those that were not.
 *
 * The live numbers may be away, wiped or cleared at any time and hold up nothing: rows that cannot be counted are let
 * go, because the sweep finds them. Everything up to `verified` was looked at after it was settled, so each row is
 * looked at once; all beyond it is gone over at the start and after every trouble.
 */
import type { LogRow } from "#domain/JobEvent.ts"
import { Cause, Clock, Context, Effect, Exit, Latch, Layer } from "effect"
import type { ArchiveError } from "../ports/EventArchive.ts"
import { LiveStats, type LiveStatsError } from "../ports/LiveStats.ts"
import { Metrics } from "../ports/Metrics.ts"
import { ArchiveAudit } from "./ArchiveAudit.ts"
import * as CatchUp from "./CatchUp.ts"

/** Events that may wait to be counted, some 20 MB; more are left to the sweep. */
const maxWaitingEvents = 50_000
/** Rows counted by one call. */
const batchRows = 100
/** Pause between two looks at what is settled, and how soon numbers that were cleared elsewhere are noticed. */
const sweepMillis = 1_000
/** The same while nobody has said which epoch it is: nothing was ever archived, or the program has just started. */
const unknownMillis = 200
/** Pause after the n-th trouble: doubled up to the longest. */
const firstPauseMillis = 100
const longestPauseMillis = 5_000

export class LiveProjection extends Context.Service<LiveProjection, {
  /** Rows that are in the archive. Returns at once. */
  readonly offer: (rows: ReadonlyArray<LogRow>) => void
  /** Forgets the live numbers; the sweep counts them anew at once. */
  readonly rebuild: Effect.Effect<void, LiveStatsError>
}>()("odto/services/metrics-engine/LiveProjection") {
  static readonly layer = Layer.effect(
    LiveProjection,
    Effect.gen(function*() {
      const live = yield* LiveStats
      const audit = yield* ArchiveAudit
      const metrics = yield* Metrics
      metrics.increment("odto_live_rows_applied_total", {}, 0)
      metrics.increment("odto_store_errors_total", { store: live.name, operation: "count" }, 0)

      let waiting: Array<LogRow> = []
      let waitingEvents = 0
      /** The newest epoch heard of. */
      let epoch: number | undefined
      /** Rows beyond what is verified may not be counted. */
      let isBehind = true
      /** The last call failed: rows are not even kept until one succeeds. */
      let isAway = false
      let newestAt: number | undefined
      const offered = Latch.makeUnsafe(false)
      const sweepNow = Latch.makeUnsafe(false)

      const letGo = () => {
        waiting = []
        waitingEvents = 0
        isBehind = true
      }
      const hearOf = (other: number | undefined) => {
        if (other !== undefined && (epoch === undefined || other > epoch)) epoch = other
      }

      const counted = (rows: number, newest: LogRow) => {
        metrics.increment("odto_live_rows_applied_total", {}, rows)
        if (newestAt === undefined || newest.at > newestAt) newestAt = newest.at
      }
      const tellLag = Effect.map(Clock.currentTimeMillis, (now) => {
        if (newestAt !== undefined) metrics.set("odto_live_lag_seconds", {}, Math.max(0, now - newestAt) / 1_000)
      })
      const catchUp = yield* CatchUp.make(counted)

      const countWaiting = Effect.gen(function*() {
        while (waiting.length > 0) {
          const batch = waiting.slice(0, batchRows)
          waiting = waiting.slice(batchRows)
          waitingEvents -= batch.reduce((sum, { events }) => sum + events.length, 0)
          const startedAt = yield* Clock.currentTimeMillis
          const exit = yield* Effect.exit(live.apply(batch))
          const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1_000
          metrics.observe("odto_store_duration_seconds", { store: live.name, operation: "count" }, seconds)
          metrics.observe("odto_batch_size", { operation: "count" }, batch.length)
          const newest = batch.reduce((one, other) => other.at > one.at ? other : one)
          if (Exit.isSuccess(exit)) {
            counted(exit.value, newest)
            yield* tellLag
          } else {
            metrics.increment("odto_store_errors_total", { store: live.name, operation: "count" })
            isAway = true
            letGo()
            sweepNow.openUnsafe()
          }
        }
      })

      /** Everything that the archive has and that may matter. */
      const goOverAll = Effect.fnUntraced(function*(of: number) {
        const progress = yield* live.progress(of)
        let from = progress.verified
        if (!progress.complete) {
          from = yield* catchUp.beginning(of, from, yield* Clock.currentTimeMillis)
          yield* live.advance({ ...progress, verified: from }, of)
        }
        yield* catchUp.count(of, from)
        yield* live.advance({ ...progress, complete: true }, of)
      })

      /** What has been settled since the last time. */
      const goOverSettled = Effect.fnUntraced(function*(of: number, through: bigint) {
        const progress = yield* live.progress(of)
        if (through <= progress.verified) return
        yield* catchUp.count(of, progress.verified, through)
        yield* live.advance({ ...progress, verified: through }, of)
      })

      const sweep = Effect.gen(function*() {
        const settled = yield* audit.settled
        hearOf(settled?.epoch)
        if (epoch === undefined) hearOf(yield* catchUp.newestEpoch)
        if (epoch === undefined) return unknownMillis
        const { complete } = yield* live.progress(epoch)
        isAway = false
        if (isBehind || !complete) {
          isBehind = false
          yield* goOverAll(epoch).pipe(Effect.onExit((exit) =>
            Effect.sync(() => {
              if (Exit.isFailure(exit)) isBehind = true
            })
          ))
        }
        if (settled !== undefined && settled.epoch === epoch) yield* goOverSettled(settled.epoch, settled.id)
        return sweepMillis
      })

      let troubles = 0
      const keepUp = Effect.gen(function*() {
        const exit = yield* Effect.exit(sweep)
        if (Exit.isSuccess(exit)) {
          if (troubles > 0) yield* Effect.logInfo("the live numbers are kept up again")
          troubles = 0
          return exit.value
        }
        if (troubles === 0) yield* Effect.logWarning("the live numbers fall behind", exit.cause)
        isAway ||= failedWith(exit.cause, "LiveStatsError")
        yield* tellLag
        return Math.min(longestPauseMillis, firstPauseMillis * 2 ** Math.min(troubles++, 10))
      })

      yield* Effect.forkScoped(
        Effect.forever(Effect.gen(function*() {
          yield* offered.await
          offered.closeUnsafe()
          yield* countWaiting
        }))
      )
      yield* Effect.forkScoped(
        Effect.forever(Effect.gen(function*() {
          const pause = yield* keepUp
          // After trouble only time helps; what wakes the sweep up would keep it awake.
          yield* troubles > 0 ? Effect.sleep(pause) : Effect.timeoutOption(sweepNow.await, pause)
          sweepNow.closeUnsafe()
        }))
      )

      return LiveProjection.of({
        offer: (rows) => {
          const events = rows.reduce((sum, row) => sum + row.events.length, 0)
          for (const row of rows) hearOf(row.epoch)
          if (isAway || waitingEvents + events > maxWaitingEvents) {
            isBehind = true
            if (!isAway) sweepNow.openUnsafe()
            return
          }
          waiting = waiting.length === 0 ? [...rows] : [...waiting, ...rows]
          waitingEvents += events
          offered.openUnsafe()
        },
        rebuild: Effect.andThen(live.clear, Effect.sync(() => sweepNow.openUnsafe()))
      })
    })
  )
}

const failedWith = (cause: Cause.Cause<ArchiveError | LiveStatsError>, tag: "LiveStatsError"): boolean =>
  cause.reasons.some((reason) => Cause.isFailReason(reason) && reason.error._tag === tag)
