import { AlertmanagerMessage } from "#domain/Alert.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const isMessage = Schema.is(AlertmanagerMessage)
const message = (startsAt: string, endsAt = "0001-01-01T00:00:00Z") => ({
  version: "4",
  status: "firing",
  alerts: [{ status: "firing", labels: { alertname: "Lag" }, startsAt, endsAt, fingerprint: "c1a5" }]
})

describe("AlertmanagerMessage", () => {
  it("takes instants as Go writes them", () => {
    const instants = ["2026-08-03T09:52:26.739266876+02:00", "2026-08-03T09:52:26Z", "2026-08-03T09:52:26.7-11:30"]

    assert.isTrue(instants.every((instant) => isMessage(message(instant))))
    assert.isTrue(isMessage(message("2026-08-03T09:52:26Z", "")))
  })

  it("refuses what no store would take for an instant", () => {
    const texts = ["", "soon", "2026-08-03", "2026-13-03T09:52:26Z", "2026-08-03T24:52:26Z", "2026-08-03T09:52:26"]

    assert.isFalse(texts.some((text) => isMessage(message(text))))
    assert.isFalse(isMessage(message("2026-08-03T09:52:26Z", "soon")))
  })

  it.prop("every instant that it takes is one", { told: AlertmanagerMessage }, ({ told }) => {
    for (const { startsAt } of told.alerts) assert.isFalse(Number.isNaN(Date.parse(startsAt)), startsAt)
  })
})
