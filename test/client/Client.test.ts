import { connect } from "#client/Client.ts"
import { ObservatoryProblem } from "#client/Problem.ts"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { completed } from "../infra/http/given.ts"
import * as Programs from "../infra/http/Programs.ts"

const connected = Effect.map(
  Programs.Urls,
  ({ gateway, readModel }) => connect({ gatewayUrl: gateway, readModelUrl: readModel })
)

/** The problem that a call is refused with. */
const problemOf = (call: Promise<unknown>) =>
  Effect.promise(() => call.then(() => undefined, (problem: unknown) => problem)).pipe(
    Effect.map((problem) => {
      if (problem instanceof ObservatoryProblem) return problem
      return assert.fail(`no problem: ${String(problem)}`)
    })
  )

layer(Programs.layer(), { excludeTestServices: true })("The client", (it) => {
  it.effect("submits a job, reads it, and cancels it", () =>
    Effect.gen(function*() {
      const client = yield* connected
      const runAt = new Date(Date.now() + 60_000)
      const accepted = yield* Effect.promise(() => client.submit({ type: "demo.noop", runAt, tags: ["later"] }))
      const job = yield* Effect.promise(() => client.job(accepted.jobId))
      const cancelled = yield* Effect.promise(() => client.cancel(accepted.jobId))
      const timeline = yield* Effect.promise(() => client.timeline(accepted.jobId))

      assert.deepInclude(accepted, { status: "scheduled", replayed: false })
      assert.deepInclude(job, { id: accepted.jobId, type: "demo.noop", runAt: runAt.toISOString() })
      assert.strictEqual(cancelled.status, "cancelled")
      assert.strictEqual(timeline.jobId, accepted.jobId)
    }))

  it.effect("makes one job of a repeated key", () =>
    Effect.gen(function*() {
      const client = yield* connected
      const submit = () => client.submit({ type: "demo.noop" }, { idempotencyKey: "client-once" })
      const first = yield* Effect.promise(submit)
      const second = yield* Effect.promise(submit)

      assert.deepStrictEqual(second, { ...first, replayed: true })
    }))

  it.effect("says of each job in a batch what became of it, and which field does not fit", () =>
    Effect.gen(function*() {
      const client = yield* connected
      const results = yield* Effect.promise(() =>
        client.submitBatch([{ type: "demo.noop" }, { type: "mail.send", payload: { to: 1 } }])
      )
      const [good, bad] = results

      assert.strictEqual(good?.outcome, "accepted")
      assert.strictEqual(bad?.outcome, "refused")
      assert.deepStrictEqual(
        bad?.outcome === "refused" ? bad.problem.errors?.map(({ path }) => path) : [],
        ["/jobs/1/payload/to"]
      )
    }))

  it.effect("fails with the problem, its fields and its members", () =>
    Effect.gen(function*() {
      const client = yield* connected
      const misfit = yield* problemOf(client.submit({ type: "mail.send", payload: {} }))
      const { jobId } = yield* Effect.promise(() => client.submit({ type: "demo.noop" }))
      const state = yield* problemOf(client.replay(jobId))

      assert.deepInclude(misfit, { type: "urn:odto:problem:invalid-payload", status: 422 })
      assert.deepStrictEqual(misfit.errors.map(({ path }) => path), ["/payload/to"])
      assert.deepInclude(state, { type: "urn:odto:problem:wrong-state", status: 409 })
      assert.strictEqual(state.document["state"], "queued")
      assert.include(state.message, state.title)
    }))

  it.effect("pages through a list to its end", () =>
    Effect.gen(function*() {
      const client = yield* connected
      const { sent, seen } = yield* Effect.promise(async () => {
        const results = await client.submitBatch(
          Array.from({ length: 5 }, () => ({ type: "demo.noop", tags: ["paged"] }))
        )
        const pages: Array<ReadonlyArray<string>> = []
        for await (const page of client.jobPages({ tag: "paged", limit: 2, sort: "oldest" })) {
          pages.push(page.jobs.map(({ id }) => id))
        }
        return { sent: results.map((result) => result.outcome === "accepted" ? result.jobId : ""), seen: pages }
      })

      assert.deepStrictEqual(seen.map(({ length }) => length), [2, 2, 1])
      assert.sameMembers(seen.flat(), sent)
    }))

  it.effect("filters by several values and by instants", () =>
    Effect.gen(function*() {
      const client = yield* connected
      const page = yield* Effect.promise(async () => {
        const { jobId } = await client.submit({ type: "demo.noop", queue: "filtered" })
        const filter = { queue: ["filtered", "elsewhere"], status: ["queued"], createdAfter: new Date(0) } as const
        return { jobId, ...await client.jobs(filter) }
      })

      assert.deepStrictEqual(page.jobs.map(({ id }) => id), [page.jobId])
    }))

  it.effect("waits until a job has ended", () =>
    Effect.gen(function*() {
      const client = yield* connected
      const { jobId } = yield* Effect.promise(() => client.submit({ type: "demo.noop", queue: "awaited" }))
      const waiting = client.waitFor(jobId)
      yield* completed("awaited")

      assert.strictEqual((yield* Effect.promise(() => waiting)).status, "completed")
    }))

  it.effect("stops waiting when it is told to", () =>
    Effect.gen(function*() {
      const client = yield* connected
      const { jobId } = yield* Effect.promise(() => client.submit({ type: "demo.noop", queue: "never" }))
      const stop = new AbortController()
      const waiting = client.waitFor(jobId, { signal: stop.signal }).then(() => "ended", () => "stopped")
      stop.abort()

      assert.strictEqual(yield* Effect.promise(() => waiting), "stopped")
    }))

  it.effect("pauses and resumes a queue, and sees it", () =>
    Effect.gen(function*() {
      const client = yield* connected
      const { paused, resumed, seen, total } = yield* Effect.promise(async () => {
        await client.submit({ type: "demo.noop", queue: "halted" })
        const paused = await client.pauseQueue("halted")
        const { queues } = await client.queues()
        const resumed = await client.resumeQueue("halted")
        return { paused, resumed, seen: queues.find(({ name }) => name === "halted"), total: await client.stats() }
      })

      assert.deepInclude(paused, { queue: "halted", paused: true })
      assert.isTrue(seen?.paused)
      assert.isFalse(resumed.paused)
      assert.strictEqual(total.jobs.status, "ok")
    }))

  it.effect("follows events, and goes on after the last one seen", () =>
    Effect.gen(function*() {
      const client = yield* connected
      const firstOf = async (lastEventId: string) => {
        for await (const item of client.events({ lastEventId, queue: "followed" })) {
          if (item.kind === "event") return item
        }
        return assert.fail("the stream ended")
      }
      const { jobs, seen } = yield* Effect.promise(async () => {
        const one = await client.submit({ type: "demo.noop", queue: "followed" })
        const first = await firstOf("1:0.0")
        const two = await client.submit({ type: "demo.noop", queue: "followed" })
        const second = await firstOf(first.id ?? "")
        return { jobs: [one.jobId, two.jobId], seen: [first.event, second.event] }
      })

      assert.deepStrictEqual(seen.map(({ subject }) => subject), jobs)
      assert.strictEqual(seen[0]?.type, "odto.job.created.v1")
    }))

  it.effect("says reset when events are missing", () =>
    Effect.gen(function*() {
      const client = yield* connected
      const item = yield* Effect.promise(async () => {
        for await (const item of client.events({ lastEventId: "unknown" })) return item
        return undefined
      })

      assert.deepInclude(item, { kind: "reset", reason: "unknown" })
    }))
})
