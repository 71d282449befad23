/** Panels of the overview that are lists: their columns share the width that there is. */
import type { LatencySummary } from "#domain/contract/ReadModelViews.ts"
import { type Line, line, lineWidth, pieces, type Span, span } from "./Line.ts"
import { absent, downLine, type Panel, type Signs, staleNote } from "./overview.ts"
import { fit, plain, widthOf } from "./plainText.ts"
import { sectionOf } from "./sources.ts"
import type { State } from "./State.ts"
import { isCutOff } from "./troubles.ts"
import { duration, exactClock, roughly, short } from "./words.ts"

/** Columns for names: those of the longest, as far as the figures beside them leave room. */
const nameColumns = (names: ReadonlyArray<string>, room: number, least: number): number =>
  Math.max(6, Math.min(room, Math.max(least, ...names.map((name) => widthOf(plain(name)) + 1))))

/** Columns of the figures of a queue, and of those of a type: closer together where it is narrow. */
const figures = { wide: { count: 9, age: 10, time: 9 }, narrow: { count: 8, age: 7, time: 7 } } as const
const figuresIn = (width: number) => width < 44 ? figures.narrow : figures.wide

export const queuesPanel = (state: State, width: number, rows: number, signs: Signs): Panel => {
  const title = "Queues"
  const data = state.sources.queues.data
  if (data === undefined) return { title, lines: absent(state, "queues", signs) }
  const depth = ({ counts }: (typeof data.queues)[number]) => counts.queued + counts.retrying + counts.scheduled
  const shown = data.queues.toSorted((a, b) => depth(b) - depth(a)).slice(0, rows)
  const { age, count } = figuresIn(width)
  const taken = count * 2 + age
  const names = nameColumns(shown.map(({ name }) => name), width - taken, 16)
  return {
    title,
    lines: [
      line(
        `${fit("queue", names)}${fit("waiting", count, "right")}${fit("running", count, "right")}${
          fit("oldest", age, "right")
        }`,
        "dim"
      ),
      ...shown.flatMap((queue): ReadonlyArray<Line> => {
        const head: Line = [
          span(fit(plain(queue.name), names)),
          span(fit(short(depth(queue)), count, "right"), depth(queue) === 0 ? "dim" : "strong"),
          span(fit(short(queue.counts.running), count, "right"), queue.counts.running === 0 ? "dim" : "busy"),
          span(fit(queue.oldestQueuedMillis === null ? "-" : roughly(queue.oldestQueuedMillis), age, "right"))
        ]
        const marks: ReadonlyArray<Span> = pieces(
          queue.paused ? span(`  ${signs.glyph("paused")} paused`, "warn") : undefined,
          queue.typesWithoutWorker.length === 0 ? undefined : span("  no worker", "bad")
        )
        return marks.length > 0 && lineWidth([...head, ...marks]) > width ? [head, marks] : [[...head, ...marks]]
      }),
      ...(data.queues.length > rows ? [line(`and ${data.queues.length - rows} more`, "dim")] : []),
      ...staleNote(state, "queues")
    ]
  }
}

const bound = (value: number | null): string => value === null ? "-" : duration(value)
/** A type, and two times three quantiles. */
const wideLatency = 74

/** Where there is no room for both, how long jobs ran. */
export const latencyPanel = (state: State, width: number, rows: number, signs: Signs): Panel => {
  const title = "Latency, at most: p50 p95 p99"
  const isWide = width >= wideLatency
  const { down, ok } = sectionOf(state.sources.stats.data?.latencies)
  if (down !== undefined) return { title, lines: [downLine(down.source, down.detail, signs.glyph)] }
  if (ok === undefined) return { title, lines: absent(state, "stats", signs) }
  const busiest = ok.types.toSorted((a, b) => b.run.count - a.run.count)
  const shown = busiest.slice(0, rows)
  const { time } = figuresIn(width)
  const taken = time * (isWide ? 6 : 3)
  const names = nameColumns(shown.map(({ type }) => type), width - taken, 15)
  const quantiles = ({ p50Millis, p95Millis, p99Millis }: LatencySummary): string =>
    [p50Millis, p95Millis, p99Millis].map((value) => fit(bound(value), time, "right")).join("")
  return {
    title,
    lines: [
      line(
        `${fit("type", names)}${isWide ? fit("wait", time * 3, "right") : ""}${fit("run", time * 3, "right")}`,
        "dim"
      ),
      ...shown.map(({ run, type, wait }): Line =>
        pieces(
          span(fit(plain(type), names)),
          isWide ? span(quantiles(wait)) : undefined,
          span(quantiles(run), "busy")
        )
      ),
      ...(busiest.length === 0 ? [line("no job has run yet", "dim")] : []),
      ...(busiest.length > rows ? [line(`and ${busiest.length - rows} more`, "dim")] : []),
      ...(ok.rebuilding ? [line("being rebuilt from the archive", "warn")] : []),
      ...staleNote(state, "stats")
    ]
  }
}

/** What happened last, as far as it has been heard of here. */
export const eventsPanel = (state: State, width: number, rows: number, signs: Signs): Panel => {
  const shown = state.tail.rows.slice(0, rows)
  // Whole seconds where every column counts.
  const clock = (at: number) => exactClock(at).slice(0, width < 44 ? 8 : 12)
  const names = Math.max(10, ...shown.map(({ type }) => type.length + 2))
  return {
    title: "Latest events",
    lines: shown.length === 0
      ? [line(isCutOff(state) ? "none comes" : "none since the dashboard began", "dim")]
      : shown.map(({ at, jobType, queue, type }): Line => [
        span(`${clock(at)} `, "dim"),
        span(fit(`${signs.glyph("event")} ${type}`, names)),
        span(` ${plain(jobType)} `),
        span(plain(queue), "dim")
      ])
  }
}
