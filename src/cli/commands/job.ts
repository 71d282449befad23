/** `job <id>`: everything about one job, with its timeline. */
import type { JobDetail, JobTimeline, TimelineStep } from "#domain/contract/ReadModelViews.ts"
import { JobId } from "#domain/Job.ts"
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { readModel } from "../api.ts"
import * as Output from "../Output.ts"

/** Characters of a payload, result or message that are shown to people; `--json` has all. */
const maxShown = 2_000

const shown = (value: unknown): string => Output.safe(JSON.stringify(value) ?? "").slice(0, maxShown)

const stepLine = (step: TimelineStep): ReadonlyArray<string> => [
  step.at,
  step.sincePreviousMillis === null ? "" : `+${Output.duration(step.sincePreviousMillis)}`,
  step.what,
  step.attempt === null ? "" : `${step.attempt}`,
  step.program ?? "",
  step.detail === undefined ? "" : shown(step.detail)
]

const show = (
  { job, timeline }: { readonly job: JobDetail; readonly timeline: JobTimeline }
): ReadonlyArray<string> => [
  `${Output.style.bold(job.id)}  ${Output.status(job.status)}`,
  `type      ${job.type}`,
  `queue     ${job.queue}, priority ${job.priority}`,
  `attempts  ${job.attempt} claimed, ${job.failures} failed, ${job.maxAttempts} allowed`,
  `created   ${job.createdAt}`,
  ...(job.finishedAt === null ? [`due       ${job.runAt}`] : [`finished  ${job.finishedAt}`]),
  ...(job.worker === null ? [] : [`worker    ${job.worker}`]),
  ...(job.progress === null
    ? []
    : [`progress  ${job.progress.percent} % ${Output.safe(job.progress.message ?? "")}`.trimEnd()]),
  ...(job.tags.length === 0 ? [] : [`tags      ${job.tags.map(Output.safe).join(", ")}`]),
  ...(job.correlationId === null ? [] : [`correlation  ${Output.safe(job.correlationId)}`]),
  `payload   ${shown(job.payload)}`,
  ...(job.result === null ? [] : [`result    ${shown(job.result)}`]),
  ...(job.lastError === null
    ? []
    : [
      `last error  ${
        Output.style.red(Output.safe(`${job.lastError.name}: ${job.lastError.message}`).slice(0, maxShown))
      }`
    ]),
  "",
  ...Output.table(["AT", "SINCE", "EVENT", "ATTEMPT", "BY", "DETAIL"], timeline.steps.map(stepLine)),
  ...(timeline.history.status === "down"
    ? [Output.style.red(`the history is down: ${timeline.history.source}: ${Output.safe(timeline.history.detail)}`)]
    : timeline.history.missing.length > 0
    ? [Output.style.yellow(`not yet in the archive: events ${timeline.history.missing.join(", ")}`)]
    : []),
  Output.freshness(job.freshness)
]

export const job = Command.make(
  "job",
  { id: Argument.String("id").pipe(Argument.withDescription("Id of the job"), Argument.withSchema(JobId)) },
  ({ id }) =>
    Effect.gen(function*() {
      const api = yield* readModel
      const both = yield* Effect.all({
        job: api.jobs.get({ params: { jobId: id } }),
        timeline: api.jobs.timeline({ params: { jobId: id } })
      }, { concurrency: 2 })
      yield* Output.print(both, show)
    })
).pipe(
  Command.withDescription("Show one job whole, with its timeline"),
  Command.withExamples([{
    command: "odd-dashboard job 01a208af-7260-75c6-8fc0-5380cf45cb02",
    description: "What happened to it, step by step"
  }])
)
