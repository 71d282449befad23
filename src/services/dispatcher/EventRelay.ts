/**
 * Carries the event log to the event spine: one leader, in order, nothing skipped (rule 22).
 *
 * The cursor moves only after the broker has confirmed; a refusal stops the relay and never the jobs. A leader that is
 * stopped and wakes up late moves nothing: its cursor is no longer the cursor.
 */
import type { LogRow } from "#domain/JobEvent.ts"
import type { Position } from "#domain/Position.ts"
import { Effect, Layer, Option, Schedule } from "effect"
import * as BatchTraces from "../BatchTraces.ts"
import { nowMillis } from "../Monotonic.ts"
import { Broker } from "../ports/Broker.ts"
import { EventLog } from "../ports/EventLog.ts"
import { Metrics } from "../ports/Metrics.ts"
import { keepGoing } from "../Supervised.ts"
import * as Wake from "../Wake.ts"

const leaseMillis = 5_000
const renewMillis = 1_500
/** Rows of one step; a row is a transaction's events. */
const stepRows = 64
/** Behind the signals. */
const sweepMillis = 250
/**
 * Rows gather for this long after a signal, and between two steps of which the first did not carry all it could: the
 * statements of the jobs themselves go first, and one step carries what several transactions wrote. Screens are promised
 * a quarter of a second.
 */
const gatherMillis = 30
/** A row that was announced is not yet closed while an older transaction runs: looked for again after these. */
const closingMillis = [5, 10, 20, 40]
const lagIntervalMillis = 1_000
/** After trouble the relay waits, the first time and at most this long. */
const retryMillis = 50
const maxRetryMillis = 2_000

/** `holder`: program and instance, unique among all relays. */
export const layer = (holder: string) =>
  Layer.effectDiscard(
    Effect.gen(function*() {
      const log = yield* EventLog
      const broker = yield* Broker
      const metrics = yield* Metrics
      const wake = yield* Wake.make(["log"])
      metrics.increment("odto_relayed_events_total", {}, 0)

      /** In a row, none of them followed by progress. */
      let failures = 0
      let brokerFailed = false
      /** The last step carried as many rows as it may: there are more. */
      let isFull = false

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
        yield* broker.sendLog(messages).pipe(Effect.withSpan("EventRelay.send", {
          attributes: { rows: rows.length },
          kind: "producer",
          links: BatchTraces.linksOf(rows.flatMap(({ events }) => events)),
          root: true
        }))
        brokerFailed = false
        if (!(yield* log.advance(holder, cursor, last.position))) return Option.none<Position>()
        failures = 0
        isFull = rows.length === stepRows
        metrics.increment("odto_relayed_events_total", {}, rows.reduce((sum, row) => sum + row.events.length, 0))
        return Option.some(last.position)
      })

      /** Leads until the lease is lost. */
      const relay = Effect.fnUntraced(function*(start: Position) {
        let cursor = start
        let renewAt = (yield* nowMillis) + renewMillis
        let empty = 0
        while (true) {
          const now = yield* nowMillis
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
            if (!isFull) yield* Effect.sleep(gatherMillis)
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
        // Who cannot reach the broker lets the lease run out, so that another may lead.
        if (brokerFailed && !(yield* broker.health).connected) return
        const lease = yield* log.lead(holder, leaseMillis)
        metrics.set("odto_relay_leader", {}, Option.isSome(lease) ? 1 : 0)
        if (Option.isNone(lease)) return
        yield* relay(lease.value.cursor)
      }).pipe(Effect.ensuring(Effect.sync(() => metrics.set("odto_relay_leader", {}, 0))))

      yield* lead.pipe(
        Effect.as(renewMillis),
        Effect.catch((error) => {
          brokerFailed = error._tag === "BrokerError"
          const pause = Math.min(maxRetryMillis, retryMillis * 2 ** failures++)
          return Effect.as(
            Effect.logWarning("the relay waits", { operation: error.operation, reason: error.reason }),
            pause
          )
        }),
        Effect.flatMap(Effect.sleep),
        Effect.forever,
        keepGoing("the relay")
      )
      yield* log.head.pipe(
        Effect.map((head) => metrics.set("odto_relay_lag_seconds", {}, head.relayLagMillis / 1_000)),
        Effect.ignore,
        Effect.repeat(Schedule.spaced(lagIntervalMillis)),
        keepGoing("measuring the relay's lag")
      )
    })
  )
