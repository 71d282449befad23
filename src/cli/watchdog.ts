/** What is to be thought of a list of alerts: the watchdog has been heard, or it has fallen silent. */
import { type AlertView, isWatchdog } from "#domain/Alert.ts"
import * as Output from "./Output.ts"

/** Alertmanager repeats the watchdog every minute. */
const silentAfterMillis = 3 * 60_000

/** What a list of alerts is worth, in one line: without alerts it says nothing when they do not arrive. */
export const watchdogLine = (alerts: ReadonlyArray<AlertView>, nowMillis: number): string => {
  const heardAt = Math.max(...alerts.filter(isWatchdog).map(({ receivedAt }) => Date.parse(receivedAt)))
  if (!Number.isFinite(heardAt)) return Output.style.yellow("no watchdog was ever heard: no Alertmanager delivers here")
  const ago = `the watchdog was heard ${Output.duration(Math.max(0, nowMillis - heardAt))} ago`
  return nowMillis - heardAt < silentAfterMillis
    ? Output.style.dim(ago)
    : Output.style.red(`${ago}: alerts do not arrive (docs/runbooks.md#watchdog)`)
}
