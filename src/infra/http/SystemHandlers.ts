/** Totals, rates, queues, workers, types and the audit log over HTTP. */
import { ReadModelApi } from "#domain/contract/ReadModelApi.ts"
import { pageLimit } from "#domain/JobFilter.ts"
import { overviewLimit } from "#services/ports/JobQueries.ts"
import { Numbers } from "#services/read-model/Numbers.ts"
import { TruthViews } from "#services/read-model/TruthViews.ts"
import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { foreignCursor } from "./issues.ts"
import * as Problems from "./Problems.ts"

/** Five minutes, as a screen shows them. */
const defaultSeconds = 300

/** Entries of the audit log are numbered; the number is the cursor. */
const auditCursor = (cursor: string | undefined) =>
  cursor === undefined || /^\d{1,18}$/u.test(cursor)
    ? Effect.succeed(cursor)
    : Effect.fail(foreignCursor())

/** The store keeps JSON; what it answers is checked all the same. */
const isDetail = Schema.is(Schema.Record(Schema.String, Schema.Json))

/** Told where an answer holds as many as it can. */
const partialOf = (shown: ReadonlyArray<unknown>) => shown.length < overviewLimit ? {} : { partial: true as const }

export const layer = HttpApiBuilder.group(
  ReadModelApi,
  "system",
  Effect.fn(function*(handlers) {
    const views = yield* TruthViews
    const numbers = yield* Numbers

    return handlers.handleAll({
      stats: () => numbers.stats,
      throughput: Effect.fnUntraced(function*({ query }) {
        const bucketSeconds = query.bucketSeconds ?? 1
        const { freshness, rebuilding, value } = yield* Problems.whenDown(
          numbers.throughput(query.seconds ?? defaultSeconds, bucketSeconds)
        )
        return { bucketSeconds, points: value, rebuilding, freshness }
      }),
      queues: () =>
        Effect.map(
          Problems.whenDown(views.queues),
          ({ freshness, value }) => ({ queues: value, ...partialOf(value), freshness })
        ),
      workers: () =>
        Effect.map(
          Problems.whenDown(views.workers),
          ({ freshness, value }) => ({ workers: value, ...partialOf(value), freshness })
        ),
      types: () =>
        Effect.map(Problems.whenDown(views.types), ({ freshness, value }) => ({
          types: value.map(({ description, liveWorkers }) => ({ ...description, liveWorkers })),
          freshness
        })),
      audit: Effect.fnUntraced(function*({ query }) {
        const limit = query.limit ?? pageLimit.default
        const { freshness, value } = yield* Problems.whenDown(views.audit(yield* auditCursor(query.cursor), limit))
        return {
          entries: value.map((entry) => ({ ...entry, detail: isDetail(entry.detail) ? entry.detail : {} })),
          next: value.length < limit ? null : value.at(-1)?.id ?? null,
          freshness
        }
      }),
      rebuildLive: () => Effect.as(Problems.whenDown(numbers.rebuild), { status: "rebuilding" as const })
    })
  })
)
