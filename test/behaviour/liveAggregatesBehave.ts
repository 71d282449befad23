import {
  latencyBoundsMillis,
  latencyTypesKept,
  LiveStats,
  otherTypes,
  recentJobsKept,
  recentJobsPerRow,
  throughputHorizonSeconds
} from "#services/ports/LiveStats.ts"
import { assert, type Vitest } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { freshJobId, lifeOf, logEvent, logRow } from "../support/LogRows.ts"

/** An empty set of numbers, and an instant a few seconds ago at the start of a second. */
export const given = Effect.gen(function*() {
  const live = yield* LiveStats
  yield* live.clear
  const now = yield* Clock.currentTimeMillis
  return { live, at: Math.floor(now / 1_000) * 1_000 - 5_000 }
})

/** The part of the behaviour of `LiveStats` that is about what its numbers say. */
export const liveAggregatesBehave = (it: Pick<Vitest.MethodsNonLive<LiveStats>, "effect">) => {
  const countsOf = (...buckets: ReadonlyArray<number>) =>
    Array.from(
      { length: latencyBoundsMillis.length + 1 },
      (_, index) => buckets.filter((bucket) => bucket === index).length
    )
  const overflow = latencyBoundsMillis.length

  it.effect("tells rates by the second of the event", () =>
    Effect.gen(function*() {
      const { at, live } = yield* given
      const second = at / 1_000
      yield* live.apply([
        logRow({
          id: 1,
          at: at + 2_500,
          events: [
            logEvent({ type: "created", at }),
            logEvent({ type: "created", at: at + 999 }),
            logEvent({ type: "created", at: at + 1_000 }),
            logEvent({ type: "dispatched", at: at + 1_000 }),
            logEvent({ type: "started", at: at + 1_000 }),
            logEvent({ type: "attempt-failed", at: at + 2_000 }),
            logEvent({ type: "dead-lettered", at: at + 2_000 }),
            logEvent({ type: "cancelled", at: at + 2_000 })
          ]
        }),
        logRow({ id: 2, at: at + 2_500, events: [logEvent({ type: "completed", at: at + 2_100 })] })
      ])
      const none = { created: 0, started: 0, completed: 0, failed: 0, dead: 0, cancelled: 0 }

      assert.deepStrictEqual(yield* live.throughput(0), [
        { ...none, second, created: 2 },
        { ...none, second: second + 1, created: 1, started: 1 },
        { ...none, second: second + 2, failed: 1, dead: 1, cancelled: 1, completed: 1 }
      ])
      assert.deepStrictEqual((yield* live.throughput(second + 1)).map((point) => point.second), [
        second + 1,
        second + 2
      ])
    }))

  it.effect("tells how long jobs waited and ran, by type and bucket", () =>
    Effect.gen(function*() {
      const { at, live } = yield* given
      const event = (
        type: "started" | "completed" | "attempt-failed",
        jobType: string,
        data: Record<string, number>
      ) => logEvent({ type, at, jobType, data })
      yield* live.apply([
        logRow({
          id: 1,
          at,
          events: [
            event("started", "b.type", { waitMillis: 0 }),
            event("started", "b.type", { waitMillis: 1 }),
            event("started", "b.type", { waitMillis: 1.5 }),
            event("started", "b.type", { waitMillis: 86_400_000 }),
            event("completed", "b.type", { runMillis: 3_600_000 }),
            event("attempt-failed", "a.type", { runMillis: 7 }),
            event("completed", "a.type", { waitMillis: 7 })
          ]
        }),
        logRow({ id: 2, at, events: [event("completed", "a.type", { runMillis: 7 })] })
      ])

      assert.deepStrictEqual(yield* live.latencies, [
        { type: "a.type", wait: countsOf(), run: countsOf(3, 3) },
        { type: "b.type", wait: countsOf(0, 0, 1, overflow), run: countsOf(overflow - 1) }
      ])
    }))

  it.effect("leaves events older than the horizon out of rates and latencies, and still counts their row", () =>
    Effect.gen(function*() {
      const { at, live } = yield* given
      const old = at - throughputHorizonSeconds * 1_000
      const job = freshJobId()

      const counted = yield* live.apply(lifeOf({ job, firstId: 1, at: old }))

      assert.strictEqual(counted, 3)
      assert.deepStrictEqual(yield* live.throughput(0), [])
      assert.deepStrictEqual(yield* live.latencies, [])
      assert.deepStrictEqual((yield* live.recent(1)).map(({ jobId }) => jobId), [job])
    }))

  it.effect("lists recent jobs, newest first, each with its newest event", () =>
    Effect.gen(function*() {
      const { at, live } = yield* given
      const [first, second] = [freshJobId(), freshJobId()]
      const rows = [
        ...lifeOf({ job: first, firstId: 1, at, runMillis: 100, jobType: "email.send", queue: "mail" }),
        ...lifeOf({ job: second, firstId: 4, at: at + 50, runMillis: 10 })
      ]

      yield* live.apply(rows.toReversed())

      assert.deepStrictEqual(yield* live.recent(10), [
        { jobId: first, type: "email.send", queue: "mail", event: "completed", at: at + 102 },
        { jobId: second, type: "demo.noop", queue: "default", event: "completed", at: at + 62 }
      ])
      assert.lengthOf(yield* live.recent(1), 1)
      assert.deepStrictEqual(yield* live.recent(0), [])
    }))

  it.effect("takes the later of two events of one instant, whichever arrives first", () =>
    Effect.gen(function*() {
      const { at, live } = yield* given
      const job = freshJobId()
      const failed = logRow({ id: 1, at, events: [logEvent({ type: "attempt-failed", job, seq: 9, at })] })
      const retried = logRow({ id: 2, at, events: [logEvent({ type: "retry-scheduled", job, seq: 10, at })] })

      yield* live.apply([retried])
      yield* live.apply([failed])

      assert.deepStrictEqual((yield* live.recent(5)).map(({ event }) => event), ["retry-scheduled"])
    }))

  it.effect("keeps a bounded list of recent jobs, and takes few of a large row", () =>
    Effect.gen(function*() {
      const { at, live } = yield* given
      const events = (from: number, count: number) =>
        Array.from({ length: count }, (_, index) => logEvent({ type: "created", at: at + from + index }))
      const large = logRow({ id: 1, at, events: events(0, recentJobsPerRow + 5) })
      yield* live.apply([large])
      const ofLargeRow = yield* live.recent(recentJobsKept)

      const rows = events(1_000, recentJobsKept + 10).map((event, index) =>
        logRow({ id: 2 + index, at, events: [event] })
      )
      yield* live.apply(rows)

      assert.deepStrictEqual(
        ofLargeRow.map(({ jobId }) => jobId),
        large.events.slice(-recentJobsPerRow).toReversed().map(({ job }) => job ?? "")
      )
      assert.deepStrictEqual(
        (yield* live.recent(10 * recentJobsKept)).map(({ jobId }) => jobId),
        rows.slice(-recentJobsKept).toReversed().map(({ events: [event] }) => event?.job ?? "")
      )
    }))

  it.effect("puts the types that are too many into one histogram, and loses none", () =>
    Effect.gen(function*() {
      const { at, live } = yield* given
      const types = Array.from({ length: latencyTypesKept + 50 }, (_, index) => `type${index}`)
      const started = (jobType: string) => logEvent({ type: "started", at, jobType, data: { waitMillis: 5 } })
      yield* live.apply([logRow({ id: 1, at, events: types.map(started) })])
      yield* live.apply([logRow({ id: 2, at, events: [started("type0"), started("type249")] })])

      const latencies = yield* live.latencies

      assert.lengthOf(latencies, latencyTypesKept + 1)
      const waits = new Map(latencies.map(({ type, wait }) => [type, wait[2]]))
      assert.strictEqual(waits.get("type0"), 2)
      assert.strictEqual(waits.get(otherTypes), 51)
    }))
}
