/** The two lines at the top: where one is and how the connection is; what the view shows and how fresh it is. */
import type { Freshness } from "#domain/contract/Freshness.ts"
import type { GlyphName } from "../glyphs.ts"
import { tierOf } from "../layout.ts"
import { joined, type Line, span, spread, type Tone } from "../Line.ts"
import { plain } from "../plainText.ts"
import { type Frame } from "../Route.ts"
import { windowNow } from "../selection.ts"
import { type Standing, standingOf, standingWord } from "../sources.ts"
import { type State, topOf } from "../State.ts"
import { isCutOff } from "../troubles.ts"
import { views } from "../views.ts"
import { clock, count, duration, shortId } from "../words.ts"

type Glyph = (name: GlyphName) => string

const crumbOf = ({ filter, subject, view }: Frame): string =>
  subject === undefined ? view + (filter === "" ? "" : `(${plain(filter)})`) : shortId(plain(subject))

/** How the stream of events is. */
const linkSpan = ({ link, now }: State, glyph: Glyph): Line => {
  switch (link.state) {
    case "live":
      return [span(`${glyph("live")} live`, "good")]
    case "none":
      return [span(`at ${clock(now, now)} UTC`, "dim")]
    case "connecting":
      return [span(`${glyph("stale")} connecting`, "warn")]
    case "denied":
      return [span(`${glyph("down")} token refused`, "bad")]
    case "refused":
      return [span(`${glyph("down")} stream refused`, "bad")]
    case "lost": {
      // A clock that ticks is drawn only while something is wrong.
      const age = Math.max(0, Math.floor((now - link.since) / 1_000) * 1_000)
      return [span(`${glyph("down")} connection lost ${duration(age)}`, "bad")]
    }
  }
}

/** An admin is told of nothing that is withheld. */
const roleSpan = ({ isReadOnly, role }: State): Line => {
  const parts = [...(isReadOnly ? ["read-only"] : []), ...(role === undefined || role === "admin" ? [] : [role])]
  return parts.length === 0 ? [] : [span(parts.join(", "), "dim")]
}

const standingTones: Readonly<Record<Standing["state"], Tone>> = {
  unread: "dim",
  fresh: "dim",
  stale: "warn",
  down: "bad"
}

/** The worst standing of what the view is made of, with the name of its source. */
export const viewStanding = (state: State): { readonly standing: Standing; readonly source: string } => {
  const { list, sources } = views[topOf(state).view]
  const all = [
    ...sources.map((source) => {
      const { data } = state.sources[source]
      const freshness: Freshness | undefined = data !== undefined && "freshness" in data ? data.freshness : undefined
      return { source: freshness?.source ?? source, standing: standingOf(state.sources[source], state.now, freshness) }
    }),
    ...(list === undefined ? [] : [{
      source: state[list].freshness?.source ?? "jobs",
      standing: standingOf({ data: undefined, ...state[list] }, state.now, state[list].freshness)
    }])
  ]
  const rank = ({ standing }: (typeof all)[number]) => ["fresh", "unread", "stale", "down"].indexOf(standing.state)
  return all.toSorted((a, b) => rank(b) - rank(a))[0] ?? {
    source: "",
    standing: isCutOff(state) ? { state: "down", trouble: state.link.detail ?? "" } : { state: "fresh" }
  }
}

export const firstLine = (state: State, columns: number, glyph: Glyph): Line => {
  const crumbs = state.stack.map((frame, index): Line => [
    span(crumbOf(frame), index === state.stack.length - 1 ? "title" : "dim")
  ])
  const name = tierOf(columns) === "narrow" ? [] : [span("odd-dashboard ", "accent"), span(`${glyph("crumb")} `, "dim")]
  const right = [roleSpan(state), linkSpan(state, glyph)].filter((part) => part.length > 0)
  return spread(
    [span(" "), ...name, ...joined(crumbs, span(` ${glyph("crumb")} `, "dim"))],
    [span(" "), ...joined(right, span("  ")), span(" ")],
    columns
  )
}

const rangeSpan = (state: State): Line => {
  const window = windowNow(state)
  const { view } = topOf(state)
  const { list } = views[view]
  if (window.count === 0) return []
  const next = list !== undefined ? state[list].next : view === "audit" ? state.sources.audit.data?.next : null
  const isMore = typeof next === "string"
  return [span(
    `${count(window.first + 1)}-${count(window.first + window.length)} of ${count(window.count)}${isMore ? "+" : ""}`,
    "dim"
  )]
}

const newerSpan = (state: State, glyph: Glyph): Line => {
  const window = windowNow(state)
  const isFollowing = topOf(state).selected === undefined
  return views[topOf(state).view].table?.follows !== true || isFollowing || window.first === 0
    ? []
    : [span(`${glyph("newer")} ${count(window.first)} above`, "accent")]
}

const pauseSpan = ({ pause }: State, glyph: Glyph): Line =>
  pause === undefined ? [] : [span(
    `${glyph("paused")} PAUSED, ${count(pause.waiting)} waiting${
      pause.dropped === 0 ? "" : `, ${count(pause.dropped)} dropped`
    }`,
    "warn"
  )]

/** What the tail of events has seen and what it could not show. */
const tailSpan = (state: State): Line => {
  const { dropped, gaps, lagMillis, seen } = state.tail
  if (topOf(state).view !== "events") return []
  const missing = [
    ...(dropped === 0 ? [] : [`${count(dropped)} dropped`]),
    ...(gaps === 0 ? [] : [`${count(gaps)} gaps`])
  ]
  return [
    span(`${count(seen)} seen${lagMillis === undefined ? "" : `, ${duration(lagMillis)} behind`}`, "dim"),
    ...(missing.length === 0 ? [] : [span(`, ${missing.join(", ")}`, "warn")])
  ]
}

export const secondLine = (state: State, columns: number, glyph: Glyph): Line => {
  const frame = topOf(state)
  if (state.form !== undefined) return [span(" "), span("New task", "strong")]
  if (state.help !== undefined) return [span(" "), span("Keys", "strong")]
  const { source, standing } = viewStanding(state)
  const left = [
    [span(views[frame.view].title, "strong")],
    frame.filter === "" ? [] : [span(`/${plain(frame.filter)}`, "accent")],
    newerSpan(state, glyph)
  ].filter((part) => part.length > 0)
  const word = standingWord(standing)
  const right = [
    pauseSpan(state, glyph),
    tailSpan(state),
    rangeSpan(state),
    [span(
      tierOf(columns) === "narrow" || source === "" ? word : `${plain(source)} ${word}`,
      standingTones[standing.state]
    )]
  ].filter((part) => part.length > 0)
  return spread([span(" "), ...joined(left, span("  "))], [span(" "), ...joined(right, span("  ")), span(" ")], columns)
}
