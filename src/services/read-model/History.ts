/** Searches in the archive of events, which is as old as the oldest row that it does not have. */
import type { Freshness } from "#domain/contract/Freshness.ts"
import { type CloudEvent, toCloudEvent } from "#domain/JobEvent.ts"
import { Clock, Context, Effect, Layer } from "effect"
import { type ArchivedEvent, EventArchive, type EventQuery } from "../ports/EventArchive.ts"
import { LiveFeed } from "./LiveFeed.ts"
import { answerOf, freshness, type SourceDown } from "./Reading.ts"

/** The archive answers events without their row; what an event shows of it is its source and its id. */
const cloudEventOf = ({ archiveId, event, source }: ArchivedEvent): CloudEvent => {
  const [epoch = "0", id = "0"] = archiveId.split(":")
  return toCloudEvent(
    { epoch: Number(epoch), position: { xid: 0n, id: BigInt(id) }, at: event.at, source, events: [] },
    event,
    // Events without a job are written one in a row.
    0
  )
}

export class History extends Context.Service<History, {
  /** Newest first. */
  readonly search: (query: EventQuery) => Effect.Effect<{
    readonly events: ReadonlyArray<CloudEvent>
    readonly next: string | undefined
    readonly freshness: Freshness
  }, SourceDown>
}>()("odto/services/read-model/History") {
  static readonly layer = Layer.effect(
    History,
    Effect.gen(function*() {
      const archive = yield* EventArchive
      const feed = yield* LiveFeed
      return History.of({
        search: Effect.fn("History.search")(function*(query) {
          const [{ events, next }, newestRowAt] = yield* answerOf(
            archive.name,
            Effect.all([archive.search(query), archive.newestRowAt], { concurrency: 2 })
          )
          const missing = yield* feed.oldestSince(newestRowAt ?? 0)
          const now = yield* Clock.currentTimeMillis
          const behind = missing === undefined ? 0 : now - missing
          return { events: events.map(cloudEventOf), next, freshness: freshness(archive.name, now, behind) }
        })
      })
    })
  )
}
