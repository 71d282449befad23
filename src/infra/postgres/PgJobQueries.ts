/** What people ask of the truth, answered by PostgreSQL: no full count, no offset, a budget of rows and of time. */
import type { JobSummary } from "#domain/JobView.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { oneRow } from "./oneRow.ts"
import { conditionsOf } from "./queries/jobConditions.ts"
import { jobPage, type PageRecord } from "./queries/jobPage.ts"
import { getJob, toSummary } from "./queries/jobRecords.ts"
import { jobSource } from "./queries/jobSource.ts"
import { getAudit, getQueues, getTotals, getWorkers, type ReadRecord } from "./queries/overview.ts"
import { readOnly } from "./readOnly.ts"
import { storeError } from "./storeError.ts"

/**
 * The walks are along an index in order; the planner, which may not know how many rows there are, must not sort them.
 * A statement of a few milliseconds gains nothing from more processes or from being compiled.
 */
const walking = {
  enable_seqscan: "off",
  enable_bitmapscan: "off",
  max_parallel_workers_per_gather: "0",
  jit: "off"
}

const valued = <A>(value: A, { readAt }: ReadRecord) => ({ value, readAt })

export const layer = Layer.effect(
  JobQueries,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const inTime = readOnly(sql, walking)
    const reading = (operation: string) => <A, E, R>(read: Effect.Effect<A, E, R>) =>
      inTime(read).pipe(storeError(operation, "read"))

    const find: JobQueries["Service"]["find"] = Effect.fnUntraced(function*({ after, filter, limit, sort }) {
      const conditions = conditionsOf(filter)
      const source = yield* jobSource(sql, conditions)
      const records = yield* jobPage(sql, { after, conditions, limit, sort, source }).unprepared
      const found = records.filter(isJob).map(toSummary)
      const { edge, readAt } = yield* oneRow(Effect.succeed(records))
      const jobs = found.slice(0, limit)
      const last = found.length > limit ? jobs.at(-1)?.id : edge ?? undefined
      return { value: { jobs, next: last, partial: last !== undefined && jobs.length < limit }, readAt }
    }, reading("list jobs"))

    return JobQueries.of({
      find,
      get: (jobId) =>
        getJob(sql, jobId).pipe(
          Effect.map(([job]) => Option.fromUndefinedOr(job)),
          storeError("read a job", "read")
        ),
      totals: oneRow(getTotals(sql)).pipe(
        Effect.map(({ accepted, counts, pruned, readAt }) => valued({ accepted, counts, pruned }, { readAt })),
        reading("read the totals")
      ),
      queues: oneRow(getQueues(sql)).pipe(
        Effect.map((record) => valued(record.queues, record)),
        reading("read the queues")
      ),
      workers: oneRow(getWorkers(sql)).pipe(
        Effect.map((record) => valued(record.workers, record)),
        reading("read the workers")
      ),
      audit: (before, limit) =>
        oneRow(getAudit(sql, before, limit)).pipe(
          Effect.map((record) => valued(record.entries, record)),
          reading("read the audit log")
        ),
      ping: Effect.asVoid(sql`SELECT 1`).pipe(storeError("answer", "read"))
    })
  })
)

const isJob = (record: PageRecord): record is PageRecord & JobSummary => record.id !== null
