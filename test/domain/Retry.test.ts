import { BackoffPolicy, defaultBackoff, nextDelay } from "#domain/Retry.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

/** Beyond any number of attempts that a job may have. */
const Failures = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5_000 }))
const Random = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1, exclusiveMaximum: true }))
const given = { policy: BackoffPolicy, failures: Failures, random: Random }

describe("nextDelay", () => {
  it.prop("is a whole number of milliseconds within the policy's maximum", given, ({ failures, policy, random }) => {
    const delay = nextDelay(policy, failures, random)

    assert.isTrue(Number.isSafeInteger(delay))
    assert.isAtLeast(delay, 0)
    assert.isAtMost(delay, policy.maxMillis)
  })

  it.prop("never shrinks from one failure to the next without jitter", given, ({ failures, policy, random }) => {
    const steady = { ...policy, jitter: "none" } as const

    assert.isAtLeast(nextDelay(steady, failures + 1, random), nextDelay(steady, failures, random))
  })

  it.prop("with full jitter lies anywhere from zero to what it were without", given, ({ failures, policy, random }) => {
    const bound = nextDelay({ ...policy, jitter: "none" }, failures, random)
    const full = { ...policy, jitter: "full" } as const

    assert.isAtMost(nextDelay(full, failures, random), bound)
    assert.strictEqual(nextDelay(full, failures, 0), 0)
    assert.isAtLeast(nextDelay(full, failures, 0.999_999_999_999), bound - 1)
  })

  it("doubles from a second to five minutes by default", () => {
    const steady = { ...defaultBackoff, jitter: "none" } as const
    const seconds = Array.from({ length: 10 }, (_, index) => nextDelay(steady, index + 1, 0) / 1_000)

    assert.deepStrictEqual(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300])
  })

  it("stays zero when the first delay is zero", () => {
    const policy = { baseMillis: 0, factor: 10, maxMillis: 1_000, jitter: "none" } as const

    assert.deepStrictEqual([1, 2, 1_000].map((failures) => nextDelay(policy, failures, 0.5)), [0, 0, 0])
  })
})
