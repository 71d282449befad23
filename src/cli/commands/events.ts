/** `events`, `audit` and `alerts`: what happened, who did what, what is wrong. */
import { isWatchdog } from "#domain/Alert.ts"
import type { CloudEvent } from "#domain/JobEvent.ts"
import { pageLimit } from "#domain/JobFilter.ts"
import { Clock, DateTime, Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { readModel } from "../api.ts"
import { eventFilterFlags, eventFilterQuery } from "../eventFilter.ts"
import * as Output from "../Output.ts"
import { watchdogLine } from "../watchdog.ts"

const limit = Flag.Int("limit").pipe(
  Flag.withAlias("n"),
  Flag.withDescription(`Entries on the page, 1 to ${pageLimit.maximum}. Default: ${pageLimit.default}`),
  Flag.filter((count) => count >= 1 && count <= pageLimit.maximum, () => `must be 1 to ${pageLimit.maximum}`),
  Flag.withDefault(pageLimit.default)
)
const cursor = Flag.String("cursor").pipe(
  Flag.withDescription("Go on where a page ended"),
  Flag.withSchema(Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_:.=-]{1,200}$/u))),
  Flag.optional
)
const instant = (name: string, description: string) =>
  Flag.Date(name).pipe(Flag.withDescription(`${description}, ISO 8601`), Flag.withMetavar("TIME"), Flag.optional)

const more = (next: string | null): ReadonlyArray<string> =>
  next === null ? [] : [Output.style.dim(`more: --cursor ${next}`)]

const text = (value: unknown): string => Output.safe(typeof value === "string" ? value : JSON.stringify(value) ?? "")

const eventLine = ({ attempt, data, subject, time, type }: CloudEvent): ReadonlyArray<string> => [
  time,
  type.replace(/^odto\.(job\.)?|\.v1$/gu, ""),
  Output.safe(subject),
  attempt === undefined ? "" : `${attempt}`,
  `${data.jobType ?? ""} ${data.queue}`.trim(),
  data.detail === undefined ? "" : text(data.detail).slice(0, 200)
]

export const events = Command.make("events", {
  ...eventFilterFlags,
  after: instant("after", "Only events after this time"),
  before: instant("before", "Only events before this time"),
  limit,
  cursor
}, (flags) =>
  Effect.gen(function*() {
    const api = yield* readModel
    const page = yield* api.events.list({
      query: {
        limit: flags.limit,
        ...eventFilterQuery(flags),
        ...(Option.isNone(flags.after) ? {} : { after: DateTime.fromDateUnsafe(flags.after.value) }),
        ...(Option.isNone(flags.before) ? {} : { before: DateTime.fromDateUnsafe(flags.before.value) }),
        ...(Option.isNone(flags.cursor) ? {} : { cursor: flags.cursor.value })
      }
    })
    yield* Output.print(page, ({ events: rows, freshness, next }) => [
      ...Output.table(["TIME", "EVENT", "OF", "ATTEMPT", "TYPE AND QUEUE", "DETAIL"], rows.map(eventLine)),
      ...more(next),
      Output.freshness(freshness)
    ])
  })).pipe(
    Command.withDescription("Search the history of events, newest first"),
    Command.withExamples([
      { command: "odd-dashboard events --type dead-lettered", description: "What died, and why" },
      { command: "odd-dashboard events --after 2026-01-01T12:00:00Z --json", description: "For scripts" }
    ])
  )

export const audit = Command.make("audit", { limit, cursor }, (flags) =>
  Effect.gen(function*() {
    const api = yield* readModel
    const page = yield* api.system.audit({
      query: { limit: flags.limit, ...(Option.isNone(flags.cursor) ? {} : { cursor: flags.cursor.value }) }
    })
    yield* Output.print(page, ({ entries, freshness, next }) => [
      ...Output.table(
        ["TIME", "WHO", "DID", "TO", "DETAIL"],
        entries.map((
          { action, actor, at, detail, subject }
        ) => [at, text(actor), text(action), text(subject), text(detail)])
      ),
      ...more(next),
      Output.freshness(freshness)
    ])
  })).pipe(
    Command.withDescription("Who did what to what, newest first"),
    Command.withExamples([{ command: "odd-dashboard audit --limit 20", description: "The last twenty actions" }])
  )

export const alerts = Command.make("alerts", { limit }, (flags) =>
  Effect.gen(function*() {
    const api = yield* readModel
    const page = yield* api.alerts.list({ query: { limit: flags.limit } })
    const now = yield* Clock.currentTimeMillis
    yield* Output.print(page, ({ alerts: rows, freshness }) => [
      ...Output.table(
        ["SINCE", "STATE", "ALERT", "LABELS"],
        rows.filter((alert) => !isWatchdog(alert)).map((alert) => [
          alert.startsAt,
          alert.status === "firing" ? Output.style.red(alert.status) : alert.status,
          text(alert.labels["alertname"] ?? alert.fingerprint),
          text(alert.labels)
        ])
      ),
      watchdogLine(rows, now),
      Output.freshness(freshness)
    ])
  })).pipe(
    Command.withDescription("Alerts that Alertmanager delivered, firing ones first"),
    Command.withExamples([{ command: "odd-dashboard alerts --json", description: "For scripts" }])
  )
