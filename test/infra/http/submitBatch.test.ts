import { BatchAnswer } from "#domain/contract/GatewayApi.ts"
import { maxBatchJobs } from "#domain/Job.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Call, call, errorPathsOf } from "./call.ts"
import * as Programs from "./Programs.ts"

const mail = { type: "mail.send", payload: { to: "a@b.example" } }
const submitBatch = (jobs: ReadonlyArray<unknown>, rest: Call = {}) =>
  Effect.flatMap(Programs.Urls, ({ gateway }) => call(`${gateway}/jobs/batch`, { body: { jobs }, ...rest }))

layer(Programs.layer(), { excludeTestServices: true })("POST /jobs/batch", (it) => {
  const decode = Schema.decodeUnknownSync(BatchAnswer)
  const results = ({ json }: { readonly json: unknown }) => decode(json).results

  it.effect("answers for each job by itself, in their order", () =>
    Effect.gen(function*() {
      const answer = yield* submitBatch([
        { ...mail, idempotencyKey: "batch-1" },
        { type: "no.such" },
        { ...mail, idempotencyKey: "batch-1" },
        { type: "mail.send", payload: { to: 1 } },
        { ...mail, extra: true },
        { ...mail, idempotencyKey: "batch-1", priority: 1 },
        mail
      ])
      const problems = results(answer).map((result) => result.outcome === "refused" ? result.problem : undefined)

      assert.strictEqual(answer.status, 202)
      assert.deepStrictEqual(
        results(answer).map((result) => result.outcome === "accepted" ? result.replayed : undefined),
        [
          false,
          undefined,
          true,
          undefined,
          undefined,
          undefined,
          false
        ]
      )
      assert.deepStrictEqual(problems.map((problem) => problem?.type.split(":").at(-1)), [
        undefined,
        "unknown-type",
        undefined,
        "invalid-payload",
        "invalid-request",
        "idempotency-key-conflict",
        undefined
      ])
      assert.deepStrictEqual(problems.map((problem) => problem?.errors?.[0]?.path), [
        undefined,
        "/jobs/1/type",
        undefined,
        "/jobs/3/payload/to",
        "/jobs/4/extra",
        undefined,
        undefined
      ])
    }))

  it.effect("takes the largest batch and refuses one job more", () =>
    Effect.gen(function*() {
      const jobs = (count: number) => Array.from({ length: count }, () => ({ type: "demo.noop" }))
      const largest = yield* submitBatch(jobs(maxBatchJobs))
      const larger = yield* submitBatch(jobs(maxBatchJobs + 1))

      assert.strictEqual(largest.status, 202)
      assert.isTrue(results(largest).every(({ outcome }) => outcome === "accepted"))
      assert.lengthOf(results(largest), maxBatchJobs)
      assert.strictEqual(larger.status, 413)
    }))

  it.effect("lets one bad job harm none of its neighbours", () =>
    Effect.gen(function*() {
      const answer = yield* Effect.flatMap(
        Programs.Urls,
        ({ gateway }) =>
          call(`${gateway}/jobs/batch`, {
            body: `{"jobs":[{"type":"demo.noop"},{"type":"demo.noop","payload":{"a":"\\u0000"}},{"type":"demo.noop"}]}`
          })
      )

      assert.deepStrictEqual(results(answer).map(({ outcome }) => outcome), ["accepted", "refused", "accepted"])
    }))

  for (
    const [what, body, path] of [
      ["jobs that are no list", { jobs: {} }, "/jobs"],
      ["an unknown field beside the jobs", { jobs: [], more: 1 }, "/more"],
      ["a body that is no object", [], ""]
    ] satisfies ReadonlyArray<readonly [string, unknown, string]>
  ) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function*() {
        const answer = yield* Effect.flatMap(
          Programs.Urls,
          ({ gateway }) => call(`${gateway}/jobs/batch`, { body })
        )

        assert.strictEqual(answer.status, 400)
        assert.deepStrictEqual(errorPathsOf(answer), [path])
      }))
  }

  it.effect("refuses one key for the whole batch", () =>
    Effect.gen(function*() {
      const answer = yield* submitBatch([mail], { headers: { "idempotency-key": "all" } })

      assert.strictEqual(answer.status, 400)
    }))
})
