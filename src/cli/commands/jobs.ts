/** `jobs`: the list, with the filter of the API. */
import { CorrelationId, IdempotencyKey, JobTypeName, QueueName, Tag } from "#domain/Job.ts"
import { JobCursor, JobSort, pageLimit } from "#domain/JobFilter.ts"
import { JobStatus } from "#domain/JobStatus.ts"
import type { JobSummary } from "#domain/JobView.ts"
import { Effect, Option, type Schema } from "effect"
import { DateTime } from "effect"
import { Command, Flag } from "effect/cli"
import { readModel } from "../api.ts"
import * as Output from "../Output.ts"

const several = <A, B>(flag: Flag.Flag<A>, schema: Schema.Codec<B, A>) =>
  flag.pipe(Flag.withSchema(schema), Flag.atLeast(0))
const instant = (name: string, what: string) =>
  Flag.Date(name).pipe(Flag.withDescription(`${what}, ISO 8601`), Flag.withMetavar("TIME"), Flag.optional)

/** The filter that the API takes, as flags. */
const filterFlags = {
  status: several(
    Flag.Literals("status", JobStatus.literals).pipe(
      Flag.withAlias("s"),
      Flag.withDescription("Only jobs in this state; may be repeated")
    ),
    JobStatus
  ),
  type: several(
    Flag.String("type").pipe(Flag.withAlias("t"), Flag.withDescription("Only jobs of this type; may be repeated")),
    JobTypeName
  ),
  queue: several(
    Flag.String("queue").pipe(Flag.withAlias("q"), Flag.withDescription("Only jobs of this queue; may be repeated")),
    QueueName
  ),
  tag: several(
    Flag.String("tag").pipe(Flag.withDescription("Only jobs with this tag; repeated: with all of them")),
    Tag
  ),
  correlationId: Flag.String("correlation-id").pipe(
    Flag.withDescription("Only jobs of this correlation id"),
    Flag.withSchema(CorrelationId),
    Flag.optional
  ),
  idempotencyKey: Flag.String("idempotency-key").pipe(
    Flag.withDescription("Only jobs submitted with this key"),
    Flag.withSchema(IdempotencyKey),
    Flag.optional
  ),
  createdAfter: instant("created-after", "Only jobs created after this time"),
  createdBefore: instant("created-before", "Only jobs created before this time")
}

const line = (job: JobSummary): ReadonlyArray<string> => [
  job.id,
  Output.status(job.status),
  job.queue,
  job.type,
  `${job.attempt}`,
  job.createdAt
]

export const jobs = Command.make("jobs", {
  ...filterFlags,
  sort: Flag.Literals("sort", JobSort.literals).pipe(
    Flag.withDescription("newest or oldest first. Default: newest"),
    Flag.withDefault("newest")
  ),
  limit: Flag.Int("limit").pipe(
    Flag.withAlias("n"),
    Flag.withDescription(`Jobs on the page, 1 to ${pageLimit.maximum}. Default: ${pageLimit.default}`),
    Flag.filter((limit) => limit >= 1 && limit <= pageLimit.maximum, () => `must be 1 to ${pageLimit.maximum}`),
    Flag.withDefault(pageLimit.default)
  ),
  cursor: Flag.String("cursor").pipe(
    Flag.withDescription("Go on where a page ended"),
    Flag.withSchema(JobCursor),
    Flag.optional
  )
}, (flags) =>
  Effect.gen(function*() {
    const api = yield* readModel
    const page = yield* api.jobs.list({
      query: {
        sort: flags.sort,
        limit: flags.limit,
        ...(flags.status.length === 0 ? {} : { status: flags.status }),
        ...(flags.type.length === 0 ? {} : { type: flags.type }),
        ...(flags.queue.length === 0 ? {} : { queue: flags.queue }),
        ...(flags.tag.length === 0 ? {} : { tag: flags.tag }),
        ...(Option.isNone(flags.cursor) ? {} : { cursor: flags.cursor.value }),
        ...(Option.isNone(flags.correlationId) ? {} : { correlationId: flags.correlationId.value }),
        ...(Option.isNone(flags.idempotencyKey) ? {} : { idempotencyKey: flags.idempotencyKey.value }),
        ...(Option.isNone(flags.createdAfter)
          ? {}
          : { createdAfter: DateTime.fromDateUnsafe(flags.createdAfter.value) }),
        ...(Option.isNone(flags.createdBefore)
          ? {}
          : { createdBefore: DateTime.fromDateUnsafe(flags.createdBefore.value) })
      }
    })
    yield* Output.print(page, ({ freshness, jobs: rows, next, partial }) => [
      ...Output.table(["ID", "STATUS", "QUEUE", "TYPE", "ATTEMPT", "CREATED"], rows.map(line)),
      ...(partial ? [Output.style.yellow("the search stopped at its row budget; go on with --cursor")] : []),
      ...(next === null ? [] : [Output.style.dim(`more: --cursor ${next}`)]),
      Output.freshness(freshness)
    ])
  })).pipe(
    Command.withDescription("List jobs"),
    Command.withExamples([
      {
        command: "odd-dashboard jobs --status dead --type http.request",
        description: "Dead HTTP requests, newest first"
      },
      { command: "odd-dashboard jobs --tag invoice --json", description: "As JSON, for scripts" }
    ])
  )
