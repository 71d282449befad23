/** What tests of the HTTP interfaces bring about before they look. */
import { JobTypeName, QueueName } from "#domain/Job.ts"
import { start } from "#domain/Position.ts"
import { EventArchive } from "#services/ports/EventArchive.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { LiveStats } from "#services/ports/LiveStats.ts"
import { Effect } from "effect"
import { call } from "./call.ts"
import * as Programs from "./Programs.ts"

/** From the read model. */
export const get = (path: string) => Effect.flatMap(Programs.Urls, ({ readModel }) => call(readModel + path))

/** Submits a job, of `demo.noop` unless told otherwise; answers its id. */
export const submit = (fields: Record<string, unknown> = {}) =>
  Effect.gen(function*() {
    const { gateway } = yield* Programs.Urls
    const { json } = yield* call(`${gateway}/jobs`, { body: { type: "demo.noop", ...fields } })
    return String(json["jobId"])
  })

/** Brings the history to the archive and the live numbers, as relay and metrics engine do. */
export const archived = Effect.gen(function*() {
  const rows = yield* Effect.flatMap(EventLog, (log) => log.after(start, 10_000))
  yield* Effect.flatMap(EventArchive, (archive) => archive.store(rows))
  yield* Effect.flatMap(LiveStats, (live) => live.apply(rows))
})
/** Runs the oldest queued job of the queue to its end. */
export const completed = Effect.fnUntraced(function*(queue: string) {
  const store = yield* JobStore
  const hints = yield* store.dispatch({
    queue: QueueName.make(queue),
    types: [JobTypeName.make("demo.noop")],
    window: 10,
    limit: 1
  })
  const claims = hints.map(({ jobId }) => ({ jobId, token: crypto.randomUUID() }))
  for (const claimed of yield* store.claim(Programs.workerId, claims)) {
    yield* store.settle([{
      jobId: claimed.jobId,
      token: claimed.token,
      attempt: claimed.attempt,
      runMillis: 3,
      traceparent: undefined,
      correlationId: undefined,
      next: { _tag: "complete", result: "{\"answer\":42}" }
    }])
  }
})
