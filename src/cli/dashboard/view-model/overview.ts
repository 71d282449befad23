/** The overview as panels of lines: what the system does, what waits, what is wrong. */
import { isWatchdog } from "#domain/Alert.ts"
import { type Down, staleAfterMillis } from "#domain/contract/Freshness.ts"
import type { GlyphName } from "./glyphs.ts"
import { type GlyphSet, levels } from "./glyphs.ts"
import { type Line, line, pieces, type Span, span, type Tone } from "./Line.ts"
import { fit, plain } from "./plainText.ts"
import { sectionOf, type SourceName, standingOf, standingWord } from "./sources.ts"
import type { State } from "./State.ts"
import { statusTone } from "./tables/jobs.ts"
import { clock, count, duration, short } from "./words.ts"

export interface Panel {
  readonly title: string
  readonly lines: ReadonlyArray<Line>
}

export interface Signs {
  readonly glyph: (name: GlyphName) => string
  readonly set: GlyphSet
}

export const downLine = (source: string, detail: string, glyph: Signs["glyph"]): Line => [
  span(`${glyph("down")} down `, "bad"),
  span(`${plain(source)}: ${plain(detail)}`)
]

/** What is said instead of numbers that are not there. */
export const absent = (state: State, source: SourceName, { glyph }: Signs): ReadonlyArray<Line> => {
  const { trouble } = state.sources[source]
  return [trouble === undefined ? line("reading", "dim") : downLine(source, trouble, glyph)]
}

export const staleNote = (state: State, source: SourceName): ReadonlyArray<Line> => {
  const { data } = state.sources[source]
  const standing = standingOf(
    state.sources[source],
    state.now,
    data !== undefined && "freshness" in data ? data.freshness : undefined
  )
  return standing.state === "stale" ? [line(standingWord(standing), "warn")] : []
}

const chart = (values: ReadonlyArray<number>, set: GlyphSet): string => {
  const most = Math.max(1, ...values)
  const steps = levels[set]
  const signs = steps.split("")
  return values.map((value) =>
    signs[value === 0 ? 0 : Math.max(1, Math.round((value / most) * (signs.length - 1)))] ?? " "
  ).join("")
}

const number = (label: string, value: string, tone: Tone = "strong", width = 11): Line => [
  span(fit(label, width), "dim"),
  span(value, tone)
]

export const jobsPanel = (state: State, signs: Signs): Panel => {
  const { down, ok } = sectionOf(state.sources.stats.data?.jobs)
  const title = "Jobs"
  if (down !== undefined) return { title, lines: [downLine(down.source, down.detail, signs.glyph)] }
  if (ok === undefined) return { title, lines: absent(state, "stats", signs) }
  const { accepted, counts, pruned } = ok
  const each = (status: keyof typeof counts): Line => [
    span(`${signs.glyph(status)} `, statusTone(status)),
    ...number(status, count(counts[status]), counts[status] === 0 ? "dim" : statusTone(status))
  ]
  return {
    title,
    lines: [
      ...(["scheduled", "queued", "running", "retrying", "completed", "dead", "cancelled"] as const).map(each),
      [span("  "), ...number("accepted", count(accepted))],
      ...(pruned === 0 ? [] : [[span("  "), ...number("pruned", count(pruned), "dim")]]),
      ...staleNote(state, "stats")
    ]
  }
}

/** Points of five minutes, but for the two buckets that a window may cut at its ends. */
const chartPoints = 58

export const ratesPanel = (state: State, width: number, signs: Signs): Panel => {
  const title = "Rates, per second"
  const data = state.sources.throughput.data
  if (data === undefined) return { title, lines: absent(state, "throughput", signs) }
  // The last bucket is still being filled.
  const points = data.points.slice(0, -1)
  const room = Math.max(4, width - 22)
  const row = (label: string, of: (point: (typeof points)[number]) => number, tone: Tone): Line => {
    const values = points.map((point) => of(point) / data.bucketSeconds).slice(-Math.min(room, chartPoints))
    const last = values.slice(-2)
    const rate = last.length === 0 ? 0 : last.reduce((sum, value) => sum + value, 0) / last.length
    return [
      span(fit(label, 10), "dim"),
      span(fit(rate < 10 ? rate.toFixed(1) : short(Math.round(rate)), 7, "right"), rate === 0 ? "dim" : tone),
      span("  "),
      span(chart(values, signs.set), tone)
    ]
  }
  return {
    title,
    lines: [
      row("created", ({ created }) => created, "accent"),
      row("started", ({ started }) => started, "busy"),
      row("completed", ({ completed }) => completed, "good"),
      row("failed", ({ failed }) => failed, "warn"),
      row("dead", ({ dead }) => dead, "bad"),
      ...(data.rebuilding ? [line("being rebuilt from the archive", "warn")] : []),
      ...staleNote(state, "throughput")
    ]
  }
}

export const alertsPanel = (state: State, rows: number, signs: Signs): Panel => {
  const title = "Alerts"
  const data = state.sources.alerts.data
  if (data === undefined) return { title, lines: absent(state, "alerts", signs) }
  const firing = data.alerts.filter((alert) => alert.status === "firing" && !isWatchdog(alert))
  return {
    title,
    lines: [
      ...(firing.length === 0
        ? [[span(`${signs.glyph("resolved")} `, "good"), span("none is firing", "dim")]]
        : firing.slice(0, rows).map((alert): Line => [
          span(`${signs.glyph("firing")} firing `, "bad"),
          span(plain(alert.labels["alertname"] ?? alert.fingerprint)),
          span(` since ${clock(Date.parse(alert.startsAt), state.now)}`, "dim")
        ])),
      ...(firing.length > rows ? [line(`and ${firing.length - rows} more`, "bad")] : []),
      ...staleNote(state, "alerts")
    ]
  }
}

export const dependenciesPanel = (state: State, signs: Signs): Panel => ({
  title: "Dependencies",
  lines: (["gateway", "readModel"] as const).flatMap((source): ReadonlyArray<Line> => {
    const { data, trouble } = state.sources[source]
    const name = source === "gateway" ? "gateway" : "read model"
    if (data === undefined) {
      return trouble === undefined
        ? [line(`${name}: reading`, "dim")]
        : [downLine(name, trouble, signs.glyph)]
    }
    const standing = standingOf(state.sources[source], state.now)
    const head = pieces(
      span(fit(name, 12), "strong"),
      trouble === undefined
        ? span(data.status, data.status === "ready" ? "good" : "bad")
        : span(`${signs.glyph("down")} no answer`, "bad"),
      standing.state === "stale" ? span(` ${standingWord(standing)}`, "warn") : undefined
    )
    return [head].concat(data.dependencies.map(({ detail, name: dependency, state: is }) =>
      pieces(
        span(`  ${signs.glyph(is)} `, trouble !== undefined ? "dim" : is === "up" ? "good" : "bad"),
        // Who does not answer says nothing of what it depends on.
        span(`${plain(dependency)} ${trouble === undefined ? is : `was ${is}`}`),
        detail === undefined ? undefined : span(` ${plain(detail)}`, "dim")
      )
    ))
  })
})

export const workersPanel = (state: State, signs: Signs): Panel => {
  const title = "Workers and events"
  const workers = sectionOf(state.sources.stats.data?.workers)
  const relay = sectionOf(state.sources.stats.data?.relay)
  const broker = sectionOf(state.sources.stats.data?.broker)
  const row = (label: string, ...of: ReadonlyArray<Span>): Line => [span(fit(label, 11), "dim"), ...of]
  const none: ReadonlyArray<Line> = []
  const down = ({ detail, source }: Down) => downLine(source, detail, signs.glyph)
  return {
    title,
    lines: [
      ...(workers.down !== undefined ?
        [down(workers.down)] :
        workers.ok === undefined ?
        absent(state, "stats", signs) :
        [
          row(
            "workers",
            span(`${workers.ok.live} live`, workers.ok.live === 0 ? "bad" : "good"),
            span(`, ${workers.ok.running}/${workers.ok.slots} busy`)
          )
        ]),
      ...(relay.down !== undefined ? [down(relay.down)] : relay.ok === undefined ? none : [
        row(
          "relay",
          relay.ok.lagMillis <= staleAfterMillis
            ? span("up to date", "good")
            : span(`${duration(relay.ok.lagMillis)} behind`, "warn")
        )
      ]),
      ...(broker.down !== undefined ? [down(broker.down)] : broker.ok === undefined ? none : [
        row("broker", broker.ok.connected ? span("connected", "good") : span("not connected", "bad"))
      ]),
      ...staleNote(state, "stats")
    ]
  }
}
