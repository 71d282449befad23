import { defineJobType, InvalidJobType } from "#infra/jobs/defineJobType.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const sound = {
  name: "mail.send",
  payload: Schema.Struct({ to: Schema.String }),
  handler: () => Promise.resolve(null)
}

/** What an author reads who writes it; authors in JavaScript write what the types forbid. */
const refusal = (change: object): string => {
  try {
    Reflect.apply(defineJobType, undefined, [{ ...sound, ...change }])
  } catch (cause) {
    assert.instanceOf(cause, InvalidJobType)
    return cause.message
  }
  return assert.fail("it was taken")
}

describe("defineJobType", () => {
  it.each([
    ["name", { name: "Mail Send" }, `["name"]`],
    ["name", { name: 7 }, `["name"]`],
    ["description", { description: "x".repeat(501) }, `["description"]`],
    ["timeoutMillis", { timeoutMillis: 0 }, `["timeoutMillis"]`],
    ["timeoutMillis", { timeoutMillis: Number.POSITIVE_INFINITY }, `["timeoutMillis"]`],
    ["maxAttempts", { maxAttempts: 0 }, `["maxAttempts"]`],
    ["maxAttempts", { maxAttempts: 1.5 }, `["maxAttempts"]`],
    ["backoff.factor", { backoff: { factor: 0.5 } }, `["backoff"]["factor"]`],
    ["backoff.baseMillis", { backoff: { baseMillis: -1 } }, `["backoff"]["baseMillis"]`],
    ["backoff.jitter", { backoff: { jitter: "some" } }, `["backoff"]["jitter"]`],
    ["a misspelt field of backoff", { backoff: { baseMs: 5 } }, `["backoff"]["baseMs"]`],
    ["handler", { handler: undefined }, "handler"],
    ["payload", { payload: undefined }, "payload has no JSON Schema"],
    ["result", { result: Schema.Struct({ [Symbol("key")]: Schema.String }) }, "result has no JSON Schema"]
  ])("names what is wrong: %s", (_, change, field) => {
    const message = refusal(change)
    assert.include(message, field)
    assert.include(message, "job type")
    assert.notInclude(message, "\n")
  })

  it("takes a sound definition and fills in the defaults", () => {
    const { description } = defineJobType({ ...sound, backoff: { factor: 3 } })
    assert.strictEqual(String(description.name), "mail.send")
    assert.deepInclude(description, {
      maxAttempts: 5,
      timeoutMillis: 900_000,
      backoff: { baseMillis: 1_000, factor: 3, maxMillis: 300_000, jitter: "full" }
    })
  })
})
