/** The history and the live stream over HTTP. */
import { ReadModelApi } from "#domain/contract/ReadModelApi.ts"
import { pageLimit } from "#domain/JobFilter.ts"
import { decodeEventCursor } from "#services/ports/ArchivedEvents.ts"
import { History } from "#services/read-model/History.ts"
import { LiveFeed } from "#services/read-model/LiveFeed.ts"
import { Duration, Effect, Option, Schedule, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { StillWelcome } from "./Callers.ts"
import { foreignCursor } from "./issues.ts"
import * as Problems from "./Problems.ts"
import { severalOf } from "./query.ts"
import { textOf } from "./serverSentEvents.ts"

/** A stream outlives the check of its token, so the token is looked at again. */
const recheckInterval = Duration.seconds(2)

export const layer = HttpApiBuilder.group(
  ReadModelApi,
  "events",
  Effect.fn(function*(handlers) {
    const history = yield* History
    const feed = yield* LiveFeed
    return handlers.handleAll({
      list: Effect.fnUntraced(function*({ query }) {
        if (query.cursor !== undefined && Option.isNone(decodeEventCursor(query.cursor))) return yield* foreignCursor()
        const { events, freshness, next } = yield* history.search({
          jobId: query.jobId,
          types: severalOf(query.type),
          queue: query.queue,
          after: query.after?.epochMilliseconds,
          before: query.before?.epochMilliseconds,
          cursor: query.cursor,
          limit: query.limit ?? pageLimit.default
        }).pipe(Problems.whenDown)
        return { events, next: next ?? null, freshness }
      }),
      stream: Effect.fnUntraced(function*({ headers, query }) {
        const filter = { jobId: query.jobId, types: severalOf(query.type), queue: query.queue }
        const items = yield* feed.follow(headers["last-event-id"]).pipe(
          Effect.catchTags({
            TooManyReaders: (error) => Effect.fail(Problems.ofReaders(error)),
            StoreError: Problems.ofReading
          })
        )
        const isWelcome = yield* StillWelcome
        const dismissed = Effect.repeat(isWelcome, {
          schedule: Schedule.spaced(recheckInterval),
          while: (welcome) => welcome
        })
        return HttpServerResponse.stream(
          items.pipe(
            Stream.mapArray((some) => [some.map((item) => textOf(item, filter)).join("")]),
            Stream.interruptWhen(dismissed),
            Stream.encodeText
          ),
          {
            contentType: "text/event-stream",
            // Proxies that gather answers before they pass them on are asked not to.
            headers: { "cache-control": "no-cache", "x-accel-buffering": "no" }
          }
        )
      })
    })
  })
)
