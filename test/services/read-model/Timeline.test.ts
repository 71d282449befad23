import { JobTypeName, QueueName } from "#domain/Job.ts"
import type { AttemptView, JobView } from "#domain/JobView.ts"
import { defaultBackoff } from "#domain/Retry.ts"
import { ArchiveError, EventArchive, historyLimit } from "#services/ports/EventArchive.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { layer as layerArchive } from "#services/ports/memory/MemoryEventArchive.ts"
import { StoreError } from "#services/ports/StoreError.ts"
import { stepsOf, Timeline } from "#services/read-model/Timeline.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { freshJobId, lifeOf, logEvent, logRow } from "../../support/LogRows.ts"

const jobId = freshJobId()
const iso = (millis: number) => new Date(millis).toISOString()

const attempt = (fields: Partial<AttemptView> = {}): AttemptView => ({
  attempt: 1,
  state: "completed",
  worker: "processor/a",
  startedAt: iso(1_002),
  finishedAt: iso(1_005),
  error: null,
  ...fields
})
const job = (fields: Partial<JobView> = {}): JobView => ({
  id: jobId,
  type: JobTypeName.make("demo.noop"),
  queue: QueueName.make("default"),
  status: "completed",
  priority: 5,
  attempt: 1,
  failures: 0,
  maxAttempts: 5,
  tags: [],
  correlationId: null,
  runAt: iso(1_000),
  createdAt: iso(1_000),
  updatedAt: iso(1_005),
  finishedAt: iso(1_005),
  cancelRequestedAt: null,
  worker: null,
  progress: null,
  payload: {},
  result: null,
  lastError: null,
  backoff: defaultBackoff,
  timeoutMillis: 1_000,
  deadline: null,
  idempotencyKey: null,
  traceparent: null,
  sequence: 3,
  attempts: [attempt()],
  ...fields
})
const archiveDown = Layer.mock(EventArchive, {
  name: "mongodb",
  ofJob: () => Effect.fail(new ArchiveError({ operation: "read", reason: "unavailable", cause: "away" }))
})
const knows = (view: JobView | undefined) =>
  Layer.mock(JobQueries, { get: () => Effect.succeed(Option.fromNullishOr(view)) })
const truthDown = Layer.mock(JobQueries, {
  get: () => Effect.fail(new StoreError({ operation: "read", reason: "unavailable", cause: "away" }))
})
/** An archive that has the first `rows` rows of the job's life. */
const archiveWith = (rows: number) =>
  Layer.effectDiscard(Effect.gen(function*() {
    const archive = yield* EventArchive
    yield* archive.store(lifeOf({ job: jobId, firstId: 1, at: 1_000, waitMillis: 2, runMillis: 3 }).slice(0, rows))
  })).pipe(Layer.provideMerge(layerArchive))
/** An archive with more events of the job than are told. */
const longHistory = Layer.effectDiscard(Effect.gen(function*() {
  const archive = yield* EventArchive
  const events = Array.from(
    { length: historyLimit + 5 },
    (_, index) => logEvent({ type: "progressed", job: jobId, seq: index + 1, at: 1_000 + index })
  )
  yield* archive.store([logRow({ id: 1, at: 1_000, events })])
})).pipe(Layer.provideMerge(layerArchive))
const timelineOf = Effect.flatMap(Timeline, (timeline) => timeline.of(jobId))
const given = <E>(truth: Layer.Layer<JobQueries, E>, archive: Layer.Layer<EventArchive, E>) =>
  Timeline.layer.pipe(Layer.provide([truth, archive]))

describe("Timeline", () => {
  it.effect("tells the events in order, with the time between and since the start", () =>
    Effect.gen(function*() {
      const { history, job: truth, steps } = yield* timelineOf

      assert.deepStrictEqual(
        steps.map(({ sequence, sincePreviousMillis, sinceStartMillis, what }) => [
          what,
          sequence,
          sincePreviousMillis,
          sinceStartMillis
        ]),
        [["created", 1, null, 0], ["started", 2, 2, 2], ["completed", 3, 3, 5]]
      )
      assert.deepInclude(truth, { status: "ok", state: "completed", sequence: 3 })
      assert.deepInclude(history, { status: "ok", events: 3, missing: [] })
    }).pipe(Effect.provide(given(knows(job()), archiveWith(3)))))

  it.effect("lets the attempts speak where the archive does not reach yet, and says what is missing", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(60_000)
      const { history, steps } = yield* timelineOf

      assert.deepStrictEqual(
        steps.map(({ from, sequence, what, worker }) => [what, from, sequence, worker]),
        [
          ["created", "event", 1, null],
          ["started", "attempt", null, "processor/a"],
          ["completed", "attempt", null, "processor/a"]
        ]
      )
      assert.deepInclude(history, { status: "ok", events: 1, missing: [2, 3] })
      assert.isTrue(history.status === "ok" && history.freshness.stale)
    }).pipe(Effect.provide(given(knows(job()), archiveWith(1)))))

  it.effect("does not call missing what is past the longest history that is told", () =>
    Effect.gen(function*() {
      const { history } = yield* timelineOf

      assert.deepInclude(history, { status: "ok", events: historyLimit, missing: [] })
    }).pipe(Effect.provide(given(knows(job({ sequence: historyLimit + 5 })), longHistory))))

  it.effect("says that the archive is down and tells what the truth knows", () =>
    Effect.gen(function*() {
      const { history, steps } = yield* timelineOf

      assert.deepInclude(history, { status: "down", source: "mongodb" })
      assert.deepStrictEqual(steps.map(({ what }) => what), ["started", "completed"])
    }).pipe(Effect.provide(given(knows(job()), archiveDown))))

  it.effect("says that the truth is down and tells what the archive knows", () =>
    Effect.gen(function*() {
      const { job: truth, steps } = yield* timelineOf

      assert.deepInclude(truth, { status: "down", source: "truth" })
      assert.lengthOf(steps, 3)
    }).pipe(Effect.provide(given(truthDown, archiveWith(3)))))

  it.effect("tells the history of a job that has been pruned", () =>
    Effect.gen(function*() {
      const { job: truth, steps } = yield* timelineOf

      assert.deepStrictEqual(truth, { status: "pruned", source: "truth" })
      assert.lengthOf(steps, 3)
    }).pipe(Effect.provide(given(knows(undefined), archiveWith(3)))))

  it.effect("knows no job that neither the truth nor the archive knows", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(timelineOf))._tag, "JobNotFound")
    }).pipe(Effect.provide(given(knows(undefined), archiveWith(0)))))

  it.effect("does not call a job unknown because the archive is down", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(timelineOf))._tag, "SourceDown")
    }).pipe(Effect.provide(given(knows(undefined), archiveDown))))

  it.effect("fails when neither answers", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(timelineOf))._tag, "SourceDown")
    }).pipe(Effect.provide(given(truthDown, archiveDown))))

  it("names the error of an attempt that no event tells of", () => {
    const error = { name: "Error", message: "no", retryable: true }
    const steps = stepsOf([], [attempt({ state: "failed", error })])

    assert.deepStrictEqual(steps.map(({ detail, what }) => [what, detail]), [
      ["started", undefined],
      ["attempt-failed", { error }]
    ])
  })

  it("puts an attempt that no event tells of where it belongs in time", () => {
    const at = (millis: number, seq: number, type: "created" | "replayed") => ({
      event: logEvent({ job: jobId, type, at: millis, seq }),
      source: "gateway/a",
      archiveId: `1:${seq}`
    })
    const steps = stepsOf([at(1_000, 1, "created"), at(9_000, 2, "replayed")], [attempt()])

    assert.deepStrictEqual(steps.map(({ what }) => what), ["created", "started", "completed", "replayed"])
    assert.isTrue(steps.every(({ sincePreviousMillis }) => sincePreviousMillis === null || sincePreviousMillis >= 0))
  })
})
