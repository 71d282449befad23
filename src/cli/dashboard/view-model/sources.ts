/**
 * What the screens are made from: answers of the two APIs, each with when it came and what is wrong with its source.
 *
 * A source that does not answer keeps its last answer, which is shown with its age; it never becomes a zero.
 */
import type { Down, Freshness } from "#domain/contract/Freshness.ts"
import { staleAfterMillis } from "#domain/contract/Freshness.ts"
import type { Readiness } from "#domain/contract/OpsApi.ts"
import type {
  AlertList,
  AuditLog,
  JobDetail,
  JobTimeline,
  QueueList,
  Stats,
  Throughput,
  TypeList,
  WorkerList
} from "#domain/contract/ReadModelViews.ts"
import { duration } from "./words.ts"

/** Answers by the name of their source. `job` and `timeline` are of one job. */
export interface SourceData {
  readonly stats: Stats
  readonly throughput: typeof Throughput.Type
  readonly queues: typeof QueueList.Type
  readonly workers: typeof WorkerList.Type
  readonly types: typeof TypeList.Type
  readonly alerts: typeof AlertList.Type
  readonly audit: typeof AuditLog.Type
  readonly job: JobDetail
  readonly timeline: JobTimeline
  readonly gateway: Readiness
  readonly readModel: Readiness
}
export type SourceName = keyof SourceData

export interface Source<A> {
  readonly data: A | undefined
  /** When the last answer came, by this machine's clock. */
  readonly receivedAt: number | undefined
  /** Why the newest question has no answer. */
  readonly trouble: string | undefined
}

export type Sources = { readonly [Name in SourceName]: Source<SourceData[Name]> }

const unread = { data: undefined, receivedAt: undefined, trouble: undefined }
export const noSources: Sources = {
  stats: unread,
  throughput: unread,
  queues: unread,
  workers: unread,
  types: unread,
  alerts: unread,
  audit: unread,
  job: unread,
  timeline: unread,
  gateway: unread,
  readModel: unread
}

/** An answer as it comes from the network. */
export type Answer = { [Name in SourceName]: { readonly source: Name; readonly data: SourceData[Name] } }[SourceName]

/** What no view draws of an answer: when it was read, as long as it is fresh, and how long that took. */
const undrawn: ReadonlySet<string> = new Set(["readAt", "ageMillis", "tookMillis", "closed", "relayed", "lagMillis"])

/** What is drawn of an answer, as text. The points of the chart move on in time while it stays the same. */
const drawnOf = (source: SourceName, data: unknown): string => {
  const isUndrawn = (key: string) => undrawn.has(key) || (source === "throughput" && key === "at")
  // Past its limit an age is drawn.
  const isOld = (value: unknown) => typeof value === "number" && value > staleAfterMillis
  return JSON.stringify(data, (key, value: unknown) => isUndrawn(key) && !isOld(value) ? undefined : value)
}

/** How far behind its source an answer says that it is. */
const saidAge = (data: object): number =>
  "freshness" in data && data.freshness instanceof Object && "ageMillis" in data.freshness
    ? Number(data.freshness.ageMillis)
    : 0

/** Answers whose ages differ by less are as fresh as each other: the poll comes a second before the limit. */
const sameAgeMillis = 250

/** The answer before, when the new one draws the same: then nothing has to be drawn. */
const newest = (sources: Sources, { data, source }: Answer) => {
  const before = sources[source].data
  return before !== undefined && Math.abs(saidAge(before) - saidAge(data)) <= sameAgeMillis &&
      drawnOf(source, before) === drawnOf(source, data)
    ? before
    : data
}

export const withAnswer = (sources: Sources, answer: Answer, at: number): Sources => ({
  ...sources,
  [answer.source]: { data: newest(sources, answer), receivedAt: at, trouble: undefined }
})

export const withTrouble = (sources: Sources, source: SourceName, trouble: string): Sources => ({
  ...sources,
  [source]: { ...sources[source], trouble }
})

/** How far behind the truth what is shown may be. */
export const ageOf = (receivedAt: number, freshness: Freshness | undefined, now: number): number =>
  Math.max(0, now - receivedAt) + (freshness?.ageMillis ?? 0)

export type Standing =
  | { readonly state: "unread" }
  | { readonly state: "fresh" }
  | { readonly state: "stale"; readonly ageMillis: number; readonly trouble: string | undefined }
  | { readonly state: "down"; readonly trouble: string }

/** What is to be said of a source: fresh is a word, an age appears only past its limit. */
export const standingOf = (
  { receivedAt, trouble }: Source<unknown>,
  now: number,
  freshness?: Freshness
): Standing => {
  if (receivedAt === undefined) return trouble === undefined ? { state: "unread" } : { state: "down", trouble }
  const ageMillis = ageOf(receivedAt, freshness, now)
  return ageMillis <= staleAfterMillis ? { state: "fresh" } : { state: "stale", ageMillis, trouble }
}

/** `fresh`, `reading`, `stale 12.0 s`, `down`. */
export const standingWord = (standing: Standing): string => {
  switch (standing.state) {
    case "unread":
      return "reading"
    case "fresh":
      return "fresh"
    case "stale":
      return `stale ${duration(Math.floor(standing.ageMillis / 1_000) * 1_000)}`
    case "down":
      return "down"
  }
}

/** The section of an answer, or nothing with the reason. */
export const sectionOf = <A extends { readonly status: "ok" }>(
  section: A | Down | undefined
): { readonly ok: A | undefined; readonly down: Down | undefined } =>
  section === undefined
    ? { ok: undefined, down: undefined }
    : section.status === "down"
    ? { ok: undefined, down: section }
    : { ok: section, down: undefined }
