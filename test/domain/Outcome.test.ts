import { AttemptError, MaxAttempts } from "#domain/Job.ts"
import { type AttemptStanding, decideNext, type Outcome } from "#domain/Outcome.ts"
import { BackoffPolicy } from "#domain/Retry.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const Failures = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))
const Random = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1, exclusiveMaximum: true }))
const Standing = Schema.Struct({
  failures: Failures,
  maxAttempts: MaxAttempts,
  backoff: BackoffPolicy,
  cancelRequested: Schema.Boolean
})
const given = { standing: Standing, error: AttemptError, random: Random }

const failed = (error: AttemptError): Outcome => ({ _tag: "Failed", error })
const asked = (standing: AttemptStanding, cancelRequested: boolean): AttemptStanding => ({
  ...standing,
  cancelRequested
})

describe("decideNext", () => {
  it.prop(
    "never tries more often than allowed, and tries as often as allowed",
    given,
    ({ error, random, standing }) => {
      const next = decideNext(failed({ ...error, retryable: true }), asked(standing, false), random)

      assert.strictEqual(next._tag, standing.failures + 1 < standing.maxAttempts ? "retry" : "die")
      if (next._tag === "die") assert.strictEqual(next.reason, "exhausted")
    }
  )

  it.prop("does not try again what cannot succeed", given, ({ error, random, standing }) => {
    const next = decideNext(failed({ ...error, retryable: false }), asked(standing, false), random)

    assert.strictEqual(next._tag, "die")
    if (next._tag === "die") assert.strictEqual(next.reason, "non-retryable")
  })

  it.prop("a cancellation wins over what would have followed", given, ({ error, random, standing }) => {
    const next = decideNext(failed(error), asked(standing, true), random)

    assert.deepStrictEqual(next, { _tag: "cancel" })
  })

  it.prop("waits as long as the policy says, never longer than its bound", given, ({ error, random, standing }) => {
    const next = decideNext(failed(error), standing, random)

    if (next._tag !== "retry") return
    assert.isTrue(Number.isInteger(next.delayMillis))
    assert.isAtLeast(next.delayMillis, 0)
    assert.isAtMost(next.delayMillis, standing.backoff.maxMillis)
  })

  it.prop("keeps the error of a failure", given, ({ error, random, standing }) => {
    const next = decideNext(failed(error), asked(standing, false), random)

    if (next._tag === "retry" || next._tag === "die") assert.strictEqual(next.error, error)
    else assert.fail(next._tag)
  })

  it.prop("a completed attempt is complete, whatever was asked meanwhile", given, ({ random, standing }) => {
    const next = decideNext({ _tag: "Completed", result: { ok: true } }, standing, random)

    assert.deepStrictEqual(next, { _tag: "complete", result: { ok: true } })
  })

  it.prop("a released attempt spends nothing, and a cancelled job is not released", given, ({ random, standing }) => {
    const next = decideNext({ _tag: "Released" }, standing, random)

    assert.deepStrictEqual(next, { _tag: standing.cancelRequested ? "cancel" : "release" })
  })

  it.prop("a handler that stopped for a cancellation cancels", given, ({ random, standing }) => {
    assert.deepStrictEqual(decideNext({ _tag: "Cancelled" }, standing, random), { _tag: "cancel" })
  })
})
