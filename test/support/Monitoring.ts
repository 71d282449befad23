/**
 * The project's own Prometheus and Alertmanager: the files of manifests/, on real servers, with other addresses and in a
 * quicker time.
 *
 * Rules and configurations are those that are shipped. Only what a test cannot have is put in their place: targets and
 * addresses, and durations, all of which are divided by the same number. An alert that takes five minutes in a cluster
 * takes five seconds with a `speed` of 60, and is the same alert.
 */
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseDocument } from "yaml"
import { ownServer } from "./Servers.ts"

export const manifests = join(import.meta.dirname, "../../manifests")
const secondsOf = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400 } as const
/** Prometheus scrapes no oftener with sense: rates need several scrapes. */
const leastMillis = 1_000
/** A range holds at least so much of the quickest scrape. */
const leastRangeMillis = 5_000

const quicker = (duration: string, speed: number, least: number): string => {
  const [, count = "0", unit = "s"] = /^(\d+)(ms|s|m|h|d)$/u.exec(duration) ?? []
  const seconds = Number(count) * (unit in secondsOf ? secondsOf[unit as keyof typeof secondsOf] : 1)
  return seconds === 0 ? "0s" : `${Math.max(least, Math.round((seconds * 1_000) / speed))}ms`
}
