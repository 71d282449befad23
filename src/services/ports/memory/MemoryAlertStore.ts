/** Alerts in memory: one for each time that it began, with the newest word on it. */
import type { AlertView } from "#domain/Alert.ts"
import { Effect, Layer } from "effect"
import { AlertStore } from "../AlertStore.ts"
import { MemoryDatabase } from "./MemoryDatabase.ts"
import { instant } from "./views.ts"

/** How long an alert that is resolved is kept after the last word on it. */
const resolvedKeptMillis = 30 * 24 * 60 * 60 * 1000

const atOf = (text: string): number => Date.parse(text)
const spelled = (alert: AlertView): AlertView => ({
  ...alert,
  startsAt: instant(atOf(alert.startsAt)),
  endsAt: alert.endsAt === null ? null : instant(atOf(alert.endsAt)),
  receivedAt: instant(atOf(alert.receivedAt))
})

const firingFirst = (a: AlertView, b: AlertView): number =>
  Number(b.status === "firing") - Number(a.status === "firing") ||
  atOf(b.startsAt) - atOf(a.startsAt) ||
  (a.fingerprint < b.fingerprint ? -1 : 1)

export const layer: Layer.Layer<AlertStore, never, MemoryDatabase> = Layer.effect(
  AlertStore,
  Effect.gen(function*() {
    const database = yield* MemoryDatabase
    return AlertStore.of({
      record: (alerts) =>
        database.write("alerts", "AlertStore.record", ({ now, tables }) => {
          for (const alert of alerts.map(spelled)) {
            const key = `${alert.fingerprint} ${alert.startsAt}`
            const known = tables.alerts.get(key)
            if (known === undefined || atOf(known.receivedAt) <= atOf(alert.receivedAt)) tables.alerts.set(key, alert)
          }
          for (const [key, { receivedAt, status }] of tables.alerts) {
            if (status === "resolved" && atOf(receivedAt) < now - resolvedKeptMillis) tables.alerts.delete(key)
          }
        }),
      list: (limit) =>
        database.read("AlertStore.list", ({ alerts }) => [...alerts.values()].toSorted(firingFirst).slice(0, limit))
    })
  })
)
