/** Jobs as they are read over HTTP: lists, single jobs, timelines. */
import type { InvalidRequest } from "#domain/contract/Problems.ts"
import { ReadModelApi } from "#domain/contract/ReadModelApi.ts"
import type { JobId } from "#domain/Job.ts"
import { decodeCursor, encodeCursor, type JobFilter, pageLimit } from "#domain/JobFilter.ts"
import { Numbers } from "#services/read-model/Numbers.ts"
import { isoOf } from "#services/read-model/Reading.ts"
import { Timeline } from "#services/read-model/Timeline.ts"
import { TruthViews } from "#services/read-model/TruthViews.ts"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { foreignCursor } from "./issues.ts"
import * as Problems from "./Problems.ts"
import { severalOf } from "./query.ts"

const defaultRecent = 50

/** Where the page before ended; undefined for the first page. */
const cursorOf = (cursor: string | undefined): Effect.Effect<JobId | undefined, InvalidRequest> =>
  cursor === undefined
    ? Effect.succeed(cursor)
    : Effect.mapError(Effect.fromOption(decodeCursor(cursor)), foreignCursor)

export const layer = HttpApiBuilder.group(
  ReadModelApi,
  "jobs",
  Effect.fn(function*(handlers) {
    const views = yield* TruthViews
    const numbers = yield* Numbers
    const timeline = yield* Timeline

    return handlers.handleAll({
      list: Effect.fnUntraced(function*({ query }) {
        const statuses = severalOf(query.status)
        const types = severalOf(query.type)
        const queues = severalOf(query.queue)
        const tags = severalOf(query.tag)
        const filter: JobFilter = {
          ...(statuses === undefined ? {} : { statuses }),
          ...(types === undefined ? {} : { types }),
          ...(queues === undefined ? {} : { queues }),
          ...(tags === undefined ? {} : { tags }),
          ...(query.correlationId === undefined ? {} : { correlationId: query.correlationId }),
          ...(query.idempotencyKey === undefined ? {} : { idempotencyKey: query.idempotencyKey }),
          ...(query.createdAfter === undefined ? {} : { createdAfter: query.createdAfter.epochMilliseconds }),
          ...(query.createdBefore === undefined ? {} : { createdBefore: query.createdBefore.epochMilliseconds })
        }
        const { freshness, value } = yield* Problems.whenDown(views.find({
          filter,
          sort: query.sort ?? "newest",
          after: yield* cursorOf(query.cursor),
          limit: query.limit ?? pageLimit.default
        }))
        return {
          jobs: value.jobs,
          next: value.next === undefined ? null : encodeCursor(value.next),
          partial: value.partial,
          freshness
        }
      }),
      recent: Effect.fnUntraced(function*({ query }) {
        const { freshness, value } = yield* Problems.whenDown(numbers.recent(query.limit ?? defaultRecent))
        return { jobs: value.map((job) => Object.assign({}, job, { at: isoOf(job.at) })), freshness }
      }),
      get: Effect.fnUntraced(function*({ params: { jobId } }) {
        const { freshness, value } = yield* views.get(jobId).pipe(
          Effect.catchTags({
            JobNotFound: (error) => Effect.fail(Problems.ofMissingJob(error)),
            SourceDown: (error) => Effect.fail(Problems.ofSource(error))
          })
        )
        return { ...value, freshness }
      }),
      timeline: ({ params: { jobId } }) =>
        timeline.of(jobId).pipe(
          Effect.catchTags({
            JobNotFound: (error) => Effect.fail(Problems.ofMissingJob(error)),
            SourceDown: (error) => Effect.fail(Problems.ofSource(error))
          })
        )
    })
  })
)
