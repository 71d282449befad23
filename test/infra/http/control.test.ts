import { JobTypeName, QueueName } from "#domain/Job.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { freshJobId } from "../../support/LogRows.ts"
import { call, problemOf } from "./call.ts"
import { submit } from "./given.ts"
import * as Programs from "./Programs.ts"

const post = (path: string) =>
  Effect.flatMap(Programs.Urls, ({ gateway }) => call(`${gateway}${path}`, { method: "POST" }))

/** A running job. */
const running = Effect.fnUntraced(function*(queue: string, fields: Record<string, unknown> = {}) {
  const store = yield* JobStore
  const jobId = yield* submit({ queue, ...fields })
  const types = [JobTypeName.make("demo.noop")]
  const [hint] = yield* store.dispatch({ queue: QueueName.make(queue), types, window: 10, limit: 1 })
  assert.strictEqual(hint?.jobId, jobId)
  const token = crypto.randomUUID()
  const [claimed] = hint === undefined ? [] : yield* store.claim(Programs.workerId, [{ jobId: hint.jobId, token }])
  if (claimed === undefined) return assert.fail("nothing was claimed")
  return { jobId, claimed }
})
const dead = Effect.fnUntraced(function*(queue: string) {
  const store = yield* JobStore
  const { claimed, jobId } = yield* running(queue, { maxAttempts: 1 })
  yield* store.settle([{
    jobId: claimed.jobId,
    token: claimed.token,
    attempt: claimed.attempt,
    runMillis: 1,
    traceparent: undefined,
    correlationId: undefined,
    next: { _tag: "die", error: { name: "Error", message: "no", retryable: false }, reason: "non-retryable" }
  }])
  return jobId
})

layer(Programs.layer(), { excludeTestServices: true })("Control over HTTP", (it) => {
  it.effect("cancels a waiting job at once", () =>
    Effect.gen(function*() {
      const jobId = yield* submit({ queue: "cancel-waiting" })
      const answer = yield* post(`/jobs/${jobId}/cancel`)

      assert.strictEqual(answer.status, 200)
      assert.deepStrictEqual(answer.json, { jobId, eventId: `${jobId}:2`, status: "cancelled" })
    }))

  it.effect("asks a running job to stop", () =>
    Effect.gen(function*() {
      const { jobId } = yield* running("cancel-running")
      const answer = yield* post(`/jobs/${jobId}/cancel`)

      assert.strictEqual(answer.status, 202)
      assert.deepInclude(answer.json, { jobId, status: "cancel-requested", worker: Programs.workerId })
    }))

  it.effect("refuses to cancel what has ended, and says how it ended", () =>
    Effect.gen(function*() {
      const jobId = yield* submit({ queue: "cancel-twice" })
      yield* post(`/jobs/${jobId}/cancel`)
      const answer = yield* post(`/jobs/${jobId}/cancel`)

      assert.strictEqual(answer.status, 409)
      assert.strictEqual(problemOf(answer), "wrong-state")
      assert.deepInclude(answer.json, { jobId, state: "cancelled" })
    }))

  it.effect("replays a dead job, and only a dead one", () =>
    Effect.gen(function*() {
      const jobId = yield* dead("replay")
      const answer = yield* post(`/jobs/${jobId}/replay`)
      const again = yield* post(`/jobs/${jobId}/replay`)

      assert.strictEqual(answer.status, 200)
      assert.deepInclude(answer.json, { jobId, status: "queued" })
      assert.strictEqual(again.status, 409)
      assert.deepInclude(again.json, { jobId, state: "queued" })
    }))

  for (const action of ["cancel", "replay"]) {
    it.effect(`knows no such job to ${action}`, () =>
      Effect.gen(function*() {
        const jobId = freshJobId()
        const unknown = yield* post(`/jobs/${jobId}/${action}`)
        const malformed = yield* post(`/jobs/17/${action}`)

        assert.strictEqual(unknown.status, 404)
        assert.strictEqual(problemOf(unknown), "unknown-job")
        assert.strictEqual(unknown.json["jobId"], jobId)
        assert.strictEqual(malformed.status, 400)
        assert.deepInclude(malformed.json["errors"], {
          in: "path",
          path: "/jobId",
          message: "a job id is a lower-case UUID"
        })
      }))
  }

  it.effect("pauses a queue and resumes it, each once", () =>
    Effect.gen(function*() {
      yield* submit({ queue: "paused-1" })
      const paused = yield* post("/queues/paused-1/pause")
      const pausedAgain = yield* post("/queues/paused-1/pause")
      const resumed = yield* post("/queues/paused-1/resume")
      const resumedAgain = yield* post("/queues/paused-1/resume")

      assert.deepStrictEqual(paused.json, { queue: "paused-1", paused: true, recalled: 0 })
      assert.deepStrictEqual([pausedAgain.status, problemOf(pausedAgain)], [409, "wrong-queue-state"])
      assert.deepInclude(pausedAgain.json, { queue: "paused-1", state: "paused" })
      assert.deepStrictEqual(resumed.json, { queue: "paused-1", paused: false })
      assert.deepStrictEqual([resumedAgain.status, resumedAgain.json["state"]], [409, "running"])
    }))

  it.effect("knows no such queue", () =>
    Effect.gen(function*() {
      const pause = yield* post("/queues/nowhere/pause")
      const resume = yield* post("/queues/nowhere/resume")
      const misspelt = yield* post("/queues/No.Such/pause")

      assert.deepStrictEqual([pause.status, resume.status, misspelt.status], [404, 404, 400])
      assert.strictEqual(problemOf(pause), "unknown-queue")
    }))

  it.effect("says that the store is away", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const jobId = yield* submit({ queue: "away" })
      yield* faults.outage
      const paths = [`/jobs/${jobId}/cancel`, `/jobs/${jobId}/replay`, "/queues/away/pause", "/queues/away/resume"]
      const answers = yield* Effect.forEach(paths, post).pipe(Effect.ensuring(faults.restore))

      assert.deepStrictEqual(
        answers.map(({ headers, status }) => [status, headers["retry-after"]]),
        paths.map(() => [503, "1"])
      )
    }))

  it.effect("answers what should not have happened with a problem that gives nothing away", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const jobId = yield* submit({ queue: "defect" })
      yield* faults.order("JobStore.cancel", { _tag: "Fail", reason: "data" })
      const answer = yield* post(`/jobs/${jobId}/cancel`).pipe(Effect.ensuring(faults.restore))

      assert.deepStrictEqual([answer.status, problemOf(answer)], [500, "internal"])
      assert.notInclude(answer.text, "ordered")
      assert.strictEqual(answer.json["instance"], `urn:odto:request:${String(answer.headers["x-request-id"])}`)
    }))

  it.effect("does not know whether it was done when the answer of the store is lost", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const jobId = yield* submit({ queue: "lost" })
      yield* faults.order("JobStore.cancel", { _tag: "LoseAnswer" })
      const lost = yield* post(`/jobs/${jobId}/cancel`).pipe(Effect.ensuring(faults.restore))

      assert.deepStrictEqual([lost.status, problemOf(lost)], [503, "outcome-unknown"])
    }))
})
