/**
 * The life of one job as one view: the events of the archive, merged with the attempts of the store of truth.
 *
 * Events lead. Where the archive does not reach yet, or does not answer, the attempts say what is known of starts and
 * ends; the answer says which sequence numbers are missing.
 */
import type { JobTimeline, TimelineStep } from "#domain/contract/ReadModelViews.ts"
import type { JobId } from "#domain/Job.ts"
import { JobNotFound } from "#domain/Job.ts"
import type { EventType } from "#domain/JobEvent.ts"
import type { AttemptState, AttemptView } from "#domain/JobView.ts"
import { Clock, Context, Effect, Layer, Option, Result } from "effect"
import { type ArchivedEvent, EventArchive, historyLimit } from "../ports/EventArchive.ts"
import { JobQueries } from "../ports/JobQueries.ts"
import { answerOf, freshness, isoOf, type SourceDown, TruthName } from "./Reading.ts"

/** Missing sequence numbers that are listed; a job without any history would list all of them. */
const maxMissing = 100

type Step = Omit<TimelineStep, "sincePreviousMillis" | "sinceStartMillis" | "at"> & { readonly atMillis: number }

const ends: Record<Exclude<AttemptState, "running">, EventType> = {
  completed: "completed",
  failed: "attempt-failed",
  cancelled: "cancelled",
  released: "released",
  "lease-expired": "lease-expired"
}
const endTypes: ReadonlySet<EventType> = new Set<EventType>([...Object.values(ends), "dead-lettered"])

const textOf = (value: unknown): string | null => typeof value === "string" ? value : null

const ofEvent = ({ event, source }: ArchivedEvent): Step => ({
  atMillis: event.at,
  from: "event",
  what: event.type,
  sequence: event.seq ?? null,
  attempt: event.attempt ?? null,
  program: source,
  worker: textOf(event.data?.["worker"]),
  ...(event.data === undefined ? {} : { detail: event.data })
})

/** Starts and ends of attempts that no event tells of. */
const untold = (events: ReadonlyArray<ArchivedEvent>, attempts: ReadonlyArray<AttemptView>): ReadonlyArray<Step> => {
  const started = new Set<number>()
  const ended = new Set<number>()
  for (const { event } of events) {
    if (event.attempt === undefined) continue
    if (event.type === "started") started.add(event.attempt)
    if (endTypes.has(event.type)) ended.add(event.attempt)
  }
  const stepOf = (attempt: AttemptView, what: EventType, at: string): Step => ({
    atMillis: Date.parse(at),
    from: "attempt",
    what,
    sequence: null,
    attempt: attempt.attempt,
    program: null,
    worker: attempt.worker,
    ...(attempt.error === null || what === "started" ? {} : { detail: { error: { ...attempt.error } } })
  })
  return attempts.flatMap((attempt) => [
    ...(started.has(attempt.attempt) ? [] : [stepOf(attempt, "started", attempt.startedAt)]),
    ...(attempt.finishedAt === null || attempt.state === "running" || ended.has(attempt.attempt)
      ? []
      : [stepOf(attempt, ends[attempt.state], attempt.finishedAt)])
  ])
}

/** Events in the order of their sequence; what only attempts say is put in by time. */
export const stepsOf = (
  events: ReadonlyArray<ArchivedEvent>,
  attempts: ReadonlyArray<AttemptView>
): ReadonlyArray<TimelineStep> => {
  const steps = events.toSorted((a, b) => (a.event.seq ?? 0) - (b.event.seq ?? 0)).map(ofEvent)
  for (const step of untold(events, attempts)) {
    const before = steps.findLastIndex((other) => other.atMillis <= step.atMillis)
    steps.splice(before + 1, 0, step)
  }
  const start = steps[0]?.atMillis ?? 0
  return steps.map(({ atMillis, ...step }, index) => {
    const previous = steps[index - 1]
    return Object.assign({ at: isoOf(atMillis) }, step, {
      sincePreviousMillis: previous === undefined ? null : Math.max(0, atMillis - previous.atMillis),
      sinceStartMillis: Math.max(0, atMillis - start)
    })
  })
}

/** A history that is longer than what is answered of it is not known beyond its last event here. */
const toldUpTo = (events: ReadonlyArray<ArchivedEvent>): number =>
  events.length < historyLimit ? Number.POSITIVE_INFINITY : events.at(-1)?.event.seq ?? 0

const missingOf = (events: ReadonlyArray<ArchivedEvent>, sequence: number): ReadonlyArray<number> => {
  const there = new Set(events.map(({ event }) => event.seq))
  const missing: Array<number> = []
  for (let seq = 1; seq <= sequence && missing.length < maxMissing; seq++) if (!there.has(seq)) missing.push(seq)
  return missing
}

export class Timeline extends Context.Service<Timeline, {
  /** Fails with `SourceDown` only when neither the truth nor the archive answers. */
  readonly of: (jobId: JobId) => Effect.Effect<JobTimeline, JobNotFound | SourceDown>
}>()("odto/services/read-model/Timeline") {
  static readonly layer = Layer.effect(
    Timeline,
    Effect.gen(function*() {
      const queries = yield* JobQueries
      const archive = yield* EventArchive
      const truth = yield* TruthName

      return Timeline.of({
        of: Effect.fn("Timeline.of")(function*(jobId) {
          const [job, history] = yield* Effect.all([
            Effect.result(answerOf(truth, queries.get(jobId))),
            Effect.result(answerOf(archive.name, archive.ofJob(jobId)))
          ], { concurrency: 2 })
          if (Result.isFailure(job) && Result.isFailure(history)) return yield* job.failure
          const view = Result.isSuccess(job) ? Option.getOrUndefined(job.success) : undefined
          const events = Result.isSuccess(history) ? history.success : []
          const pruned = Result.isSuccess(job) && view === undefined
          if (pruned && Result.isSuccess(history) && events.length === 0) return yield* new JobNotFound({ jobId })
          if (pruned && Result.isFailure(history)) return yield* history.failure

          const now = yield* Clock.currentTimeMillis
          const missing = missingOf(events, Math.min(view?.sequence ?? 0, toldUpTo(events)))
          const newestAt = events.reduce((newest, { event }) => Math.max(newest, event.at), 0)
          return {
            jobId,
            steps: stepsOf(events, view?.attempts ?? []),
            job: Result.isFailure(job)
              ? { status: "down", source: truth, detail: job.failure.detail }
              : view === undefined
              ? { status: "pruned", source: truth }
              : {
                status: "ok",
                state: view.status,
                sequence: view.sequence,
                attempts: view.attempts,
                freshness: freshness(truth, now, 0)
              },
            history: Result.isFailure(history)
              ? { status: "down", source: archive.name, detail: history.failure.detail }
              : {
                status: "ok",
                events: events.length,
                missing,
                freshness: freshness(archive.name, now, missing.length === 0 ? 0 : now - newestAt)
              }
          }
        })
      })
    })
  )
}
