import { watchdogLine } from "#cli/watchdog.ts"
import type { AlertView } from "#domain/Alert.ts"
import { assert, describe, it } from "@effect/vitest"
import { stripVTControlCharacters } from "node:util"

const alert = (alertname: string, receivedAt: string): AlertView => ({
  fingerprint: alertname,
  status: "firing",
  labels: { alertname },
  annotations: {},
  startsAt: "2026-01-01T00:00:00.000Z",
  endsAt: null,
  receivedAt
})
const now = Date.parse("2026-01-01T12:00:00.000Z")
const line = (...alerts: ReadonlyArray<AlertView>) => stripVTControlCharacters(watchdogLine(alerts, now))

describe("The line below the list of alerts", () => {
  it("says when the watchdog was last heard", () => {
    assert.strictEqual(
      line(alert("Watchdog", "2026-01-01T11:00:00.000Z"), alert("Watchdog", "2026-01-01T11:59:48.000Z")),
      "the watchdog was heard 12.0 s ago"
    )
  })

  it("says that alerts do not arrive when it has been silent for minutes, whatever else was heard", () => {
    assert.strictEqual(
      line(alert("StoreDown", "2026-01-01T11:59:59.000Z"), alert("Watchdog", "2026-01-01T11:50:00.000Z")),
      "the watchdog was heard 10m 00s ago: alerts do not arrive (docs/runbooks.md#watchdog)"
    )
  })

  it("says that nobody delivers alerts when it never was", () => {
    assert.strictEqual(line(), "no watchdog was ever heard: no Alertmanager delivers here")
  })
})
