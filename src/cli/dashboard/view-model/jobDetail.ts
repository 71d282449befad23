/** One job as lines, tab by tab: what it is, what happened to it, every attempt with its error, payload and result. */
import type { JobDetail, JobTimeline, TimelineStep } from "#domain/contract/ReadModelViews.ts"
import type { GlyphName } from "./glyphs.ts"
import { tierOf } from "./layout.ts"
import { blank, type Line, line, span, type Tone } from "./Line.ts"
import { fit, plain, wrap, wrapWords } from "./plainText.ts"
import { type JobTab, jobTabs } from "./Route.ts"
import { type State, topOf } from "./State.ts"
import { statusTone } from "./tables/jobs.ts"
import { duration, exactClock } from "./words.ts"

/** Characters of one payload, result or stack that are laid out; a copy (`Y`) has all. */
const maxShown = 64 * 1024

const tabNames: Readonly<Record<JobTab, string>> = {
  summary: "Summary",
  timeline: "Timeline",
  attempts: "Attempts",
  payload: "Payload and result"
}

/** The job of the view, when it has been read. */
export const jobShown = (state: State): JobDetail | undefined => {
  const { data } = state.sources.job
  return data?.id === topOf(state).subject ? data : undefined
}

export const timelineShown = (state: State): JobTimeline | undefined => {
  const { data } = state.sources.timeline
  return data?.jobId === topOf(state).subject ? data : undefined
}

const labelColumns = 15

/** A label and what belongs to it, on as many lines as that takes. */
const labelled = (label: string, value: string, columns: number, tone: Tone = "text"): ReadonlyArray<Line> =>
  wrap(plain(value), Math.max(8, columns - labelColumns)).map((part, index) => [
    span(fit(index === 0 ? ` ${label}` : "", labelColumns), "dim"),
    span(part, tone)
  ])

const when = (at: string | null): string => at === null ? "-" : `${at.slice(0, 10)} ${exactClock(Date.parse(at))} UTC`

const wrapped = (text: string, columns: number, tone: Tone = "text"): ReadonlyArray<Line> =>
  wrap(plain(text), Math.max(8, columns - 3)).map((each) => line(`  ${each}`, tone))

/** JSON with one value a line, each line made fit and broken at the edge of the screen. */
const jsonLines = (value: unknown, columns: number): ReadonlyArray<Line> => {
  const text = JSON.stringify(value, null, 2) ?? "null"
  const shown = text.slice(0, maxShown)
  return [
    ...shown.split("\n").flatMap((each) => wrapped(each, columns)),
    ...(text.length > maxShown ? [line(`  and ${text.length - maxShown} more characters`, "dim")] : [])
  ]
}

/** A replay counts failures anew. */
const attemptsOf = ({ attempt, attempts, failures, maxAttempts }: JobDetail): string => {
  const failed = attempts.filter(({ state }) => state === "failed" || state === "lease-expired").length
  return `${attempt} in all, ${failures} of ${maxAttempts} failed${failed > failures ? " since the replay" : ""}`
}

const summary = (job: JobDetail, columns: number, glyph: (name: GlyphName) => string): ReadonlyArray<Line> => {
  const pair = (label: string, value: string, tone?: Tone) => labelled(label, value, columns, tone)
  return [
    [span(fit(" status", labelColumns), "dim"), span(`${glyph(job.status)} ${job.status}`, statusTone(job.status))],
    ...pair("id", job.id),
    ...pair("type", job.type),
    ...pair("queue", `${job.queue}, priority ${job.priority}`),
    ...pair("attempts", attemptsOf(job)),
    ...pair("created", when(job.createdAt)),
    ...(job.finishedAt === null ? pair("due", when(job.runAt)) : pair("finished", when(job.finishedAt))),
    ...pair("timeout", `${duration(job.timeoutMillis)} an attempt`),
    ...(job.deadline === null ? [] : pair("deadline", when(job.deadline))),
    ...(job.worker === null ? [] : pair("worker", job.worker, "busy")),
    ...(job.progress === null
      ? []
      : pair("progress", `${job.progress.percent} % ${job.progress.message ?? ""}`, "busy")),
    ...(job.cancelRequestedAt === null ? [] : pair("cancel asked", when(job.cancelRequestedAt), "warn")),
    ...(job.tags.length === 0 ? [] : pair("tags", job.tags.join(", "))),
    ...(job.correlationId === null ? [] : pair("correlation", job.correlationId)),
    ...(job.idempotencyKey === null ? [] : pair("key", job.idempotencyKey)),
    ...(job.traceparent === null ? [] : pair("trace", job.traceparent)),
    ...(job.lastError === null
      ? []
      : [
        blank,
        line(" Last error", "strong"),
        ...wrapped(`${job.lastError.name}: ${job.lastError.message}`, columns, "bad")
      ])
  ]
}

const stepTones: Readonly<Record<string, Tone>> = {
  started: "busy",
  progressed: "busy",
  completed: "good",
  "attempt-failed": "bad",
  "dead-lettered": "bad",
  "lease-expired": "warn",
  "completion-refused": "warn",
  "retry-scheduled": "warn"
}

/** Events have the ids of workers; everywhere else they have their names. */
const detailOf = ({ attempt, detail, worker }: TimelineStep, { job }: JobTimeline): string => {
  if (detail === undefined) return ""
  const name = (job.status === "ok" ? job.attempts.find((each) => each.attempt === attempt)?.worker : undefined) ??
    worker
  return JSON.stringify("worker" in detail && name !== null ? { ...detail, worker: name } : detail)
}

const timeline = (of: JobTimeline, columns: number, glyph: (name: GlyphName) => string): ReadonlyArray<Line> => [
  ...of.steps.flatMap((step): ReadonlyArray<Line> => {
    const detail = detailOf(step, of)
    const head: Line = [
      span(` ${exactClock(Date.parse(step.at))} `),
      span(fit(step.sincePreviousMillis === null ? "" : `+${duration(step.sincePreviousMillis)}`, 9, "right"), "dim"),
      span(`  ${glyph("event")} `, stepTones[step.what] ?? "text"),
      span(fit(step.what, 18), stepTones[step.what] ?? "text"),
      ...(step.attempt === null ? [] : [span(` try ${step.attempt}`, "dim")]),
      ...(step.program === null ? [] : [span(`  ${plain(step.program)}`, "dim")])
    ]
    return detail === ""
      ? [head]
      : [
        head,
        ...wrap(plain(detail), Math.max(8, columns - 16)).slice(0, 6).map((text) =>
          line(`              ${text}`, "dim")
        )
      ]
  }),
  ...(of.history.status === "down"
    ? [line(` the history is down: ${plain(of.history.source)}: ${plain(of.history.detail)}`, "bad")]
    : of.history.missing.length > 0
    ? [line(` not yet in the archive: events ${of.history.missing.join(", ")}`, "warn")]
    : []),
  ...(of.job.status === "down" ? [line(` the truth is down: ${plain(of.job.detail)}`, "bad")] : [])
]

const attempts = (job: JobDetail, columns: number): ReadonlyArray<Line> =>
  job.attempts.length === 0 ?
    [line(" no attempt yet", "dim")] :
    job.attempts.flatMap((attempt): ReadonlyArray<Line> => {
      const took = attempt.finishedAt === null
        ? ""
        : `, ${duration(Date.parse(attempt.finishedAt) - Date.parse(attempt.startedAt))}`
      const tone: Tone = attempt.state === "completed" ? "good" : attempt.state === "running" ? "busy" : "bad"
      return [
        [
          span(` ${attempt.attempt}  `, "strong"),
          span(attempt.state, tone),
          span(`  ${when(attempt.startedAt)}${took}`),
          span(`  ${plain(attempt.worker)}`, "dim")
        ],
        ...(attempt.error === null ? [] : [
          ...wrapped(
            `${attempt.error.name}: ${attempt.error.message}${attempt.error.retryable ? "" : " (final)"}`,
            columns,
            "bad"
          ),
          ...(attempt.error.stack ?? "").slice(0, maxShown).split("\n").filter((each) => each.trim() !== "")
            .flatMap((each) => wrapped(each, columns, "dim"))
        ]),
        blank
      ]
    })

const payload = (job: JobDetail, columns: number): ReadonlyArray<Line> => [
  line(" Payload", "strong"),
  ...jsonLines(job.payload, columns),
  blank,
  line(" Result", "strong"),
  ...(job.result === null ? [line("  none", "dim")] : jsonLines(job.result, columns))
]

const tabLine = (tab: JobTab, columns: number): Line => {
  const isNarrow = tierOf(columns) === "narrow"
  return jobTabs.flatMap((each) => {
    const [name = ""] = isNarrow ? tabNames[each].split(" ") : [tabNames[each]]
    return [
      span(" "),
      each === tab ? span(`[${name}]`, "accent") : span(isNarrow ? name : ` ${name} `, "dim")
    ]
  })
}

/** All lines of the chosen tab. */
export const jobContent = (state: State, columns: number, glyph: (name: GlyphName) => string): ReadonlyArray<Line> => {
  const { tab } = topOf(state)
  const job = jobShown(state)
  const steps = timelineShown(state)
  const missing = (trouble: string | undefined): ReadonlyArray<Line> =>
    trouble === undefined
      ? [line(" reading", "dim")]
      : wrapWords(plain(trouble), Math.max(8, columns - 4)).map((text, index) =>
        line(index === 0 ? ` ${glyph("down")} ${text}` : `   ${text}`, "bad")
      )
  if (tab === "timeline") {
    return steps === undefined
      ? missing(state.sources.timeline.trouble)
      : timeline(steps, columns, glyph)
  }
  if (job === undefined) return missing(state.sources.job.trouble)
  switch (tab) {
    case "summary":
      return summary(job, columns, glyph)
    case "attempts":
      return attempts(job, columns)
    case "payload":
      return payload(job, columns)
  }
}

/** The tabs, and as much of the chosen one as there is room for below its line `first`. */
export const jobLines = (
  state: State,
  columns: number,
  height: number,
  first: number,
  glyph: (name: GlyphName) => string
): ReadonlyArray<Line> => [
  tabLine(topOf(state).tab, columns),
  ...jobContent(state, columns, glyph).slice(first, first + Math.max(0, height - 1))
]
