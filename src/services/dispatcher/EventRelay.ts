/**
 * Carries the event log to the event spine: one leader, in order, nothing skipped (rule 22).
 *
 * The cursor moves only after the broker has confirmed; a refusal stops the relay and never the jobs. A leader that is
 * stopped and wakes up late moves nothing: its cursor is no longer the cursor.
 */
import type { LogRow } from "#domain/JobEvent.ts"
import type { Position } from "#domain/Position.ts"
import { Clock, Effect, Layer, Option, Schedule } from "effect"
import { Broker, type BrokerError } from "../ports/Broker.ts"
import { EventLog } from "../ports/EventLog.ts"
import { Metrics } from "../ports/Metrics.ts"
import type { StoreError } from "../ports/StoreError.ts"
import * as Wake from "../Wake.ts"

const leaseMillis = 5_000
const renewMillis = 1_500
/** Rows of one step; a row is a transaction's events. */
const stepRows = 64
/** Behind the signals. */
const sweepMillis = 250
/**
 * After a signal rows gather for this long: the statements of the jobs themselves go first, and one step carries what
 * several transactions wrote. Screens are promised a quarter of a second.
 */
const gatherMillis = 10
/** A row that was announced is not yet closed while an older transaction runs: looked for again after these. */
const closingMillis = [5, 10, 20, 40]
const lagIntervalMillis = 1_000

/** `holder`: program and instance, unique among all relays. */
export const layer = (holder: string) =>
  Layer.effectDiscard(
    Effect.gen(function*() {
      const log = yield* EventLog
      const broker = yield* Broker
      const metrics = yield* Metrics
      const wake = yield* Wake.make(["log"])

      const step = Effect.fnUntraced(function*(cursor: Position) {
        const rows = yield* log.after(cursor, stepRows)
        const last = rows.at(-1)
        if (last === undefined) return Option.some(cursor)
        let previous = cursor
        const messages = rows.map((row: LogRow) => {
          const message = { row, previous }
          previous = row.position
          return message
        })
        yield* broker.sendLog(messages)
        if (!(yield* log.advance(holder, cursor, last.position))) return Option.none<Position>()
        metrics.increment("odto_relayed_events_total", {}, rows.reduce((sum, row) => sum + row.events.length, 0))
        return Option.some(last.position)
      })

      /** Leads until the lease is lost. */
      const relay = Effect.fnUntraced(function*(start: Position) {
        let cursor = start
        let renewAt = (yield* Clock.currentTimeMillis) + renewMillis
        let empty = 0
        while (true) {
          const now = yield* Clock.currentTimeMillis
          if (now >= renewAt) {
            const lease = yield* log.lead(holder, leaseMillis)
            if (Option.isNone(lease)) return
            cursor = lease.value.cursor
            renewAt = now + renewMillis
          }
          const moved = yield* step(cursor)
          if (Option.isNone(moved)) return
          if (moved.value !== cursor) {
            cursor = moved.value
            empty = 0
          } else {
            const pause = closingMillis[empty++]
            if (pause === undefined) {
              const announced = yield* wake.wait(sweepMillis)
              if (announced) yield* Effect.sleep(gatherMillis)
              empty = announced ? 0 : closingMillis.length
            } else {
              yield* Effect.sleep(pause)
            }
          }
        }
      })

      const lead = Effect.gen(function*() {
        const lease = yield* log.lead(holder, leaseMillis)
        metrics.set("odto_relay_leader", {}, Option.isSome(lease) ? 1 : 0)
        if (Option.isNone(lease)) return
        yield* relay(lease.value.cursor)
      }).pipe(Effect.ensuring(Effect.sync(() => metrics.set("odto_relay_leader", {}, 0))))

      yield* lead.pipe(
        Effect.tapError((error: StoreError | BrokerError) =>
          Effect.logWarning("the relay waits", { operation: error.operation, reason: error.reason })
        ),
        Effect.retry(Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])),
        Effect.repeat(Schedule.spaced(renewMillis)),
        Effect.forkScoped
      )
      yield* log.head.pipe(
        Effect.map((head) => metrics.set("odto_relay_lag_seconds", {}, head.relayLagMillis / 1_000)),
        Effect.ignore,
        Effect.repeat(Schedule.spaced(lagIntervalMillis)),
        Effect.forkScoped
      )
    })
  )
