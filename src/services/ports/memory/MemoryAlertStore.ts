/** Alerts in memory. */
import type { AlertView } from "#domain/Alert.ts"
import { Effect, Layer } from "effect"
import { AlertStore } from "../AlertStore.ts"
import { MemoryDatabase } from "./MemoryDatabase.ts"

const instantOf = (text: string): number => Date.parse(text)

const firingFirst = (a: AlertView, b: AlertView): number =>
  a.status === b.status ? instantOf(b.startsAt) - instantOf(a.startsAt) : a.status === "firing" ? -1 : 1

export const layer: Layer.Layer<AlertStore, never, MemoryDatabase> = Layer.effect(
  AlertStore,
  Effect.gen(function*() {
    const database = yield* MemoryDatabase
    return AlertStore.of({
      record: (alerts) =>
        database.write("alerts", "AlertStore.record", ({ tables }) => {
          for (const alert of alerts) {
            const key = `${alert.fingerprint} ${instantOf(alert.startsAt)}`
            const known = tables.alerts.get(key)
            if (known === undefined || instantOf(known.receivedAt) <= instantOf(alert.receivedAt)) {
              tables.alerts.set(key, alert)
            }
          }
        }),
      list: (limit) =>
        database.read("AlertStore.list", ({ alerts }) => [...alerts.values()].sort(firingFirst).slice(0, limit))
    })
  })
)
