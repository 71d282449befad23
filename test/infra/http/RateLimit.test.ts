import * as RateLimit from "#infra/http/RateLimit.ts"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const small = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

it.effect.prop(
  "lets no more pass than the burst and what has flowed in since",
  { perSecond: small(20), pauses: Schema.Array(small(500)).check(Schema.isMaxLength(60)) },
  ({ pauses, perSecond }) =>
    Effect.sync(() => {
      const limit = RateLimit.make({ perSecond: perSecond + 1, burst: 5 })
      let now = 0
      let passed = 0
      for (const pause of pauses) {
        now += pause
        if (limit("a", now) === 0) passed++
        assert.isAtMost(passed, 5 + (now / 1_000) * (perSecond + 1) + 1e-6)
      }
    })
)

it("says how long to wait, and lets pass after that", () => {
  const limit = RateLimit.make({ perSecond: 10, burst: 1 })

  assert.strictEqual(limit("a", 0), 0)
  assert.closeTo(limit("a", 0), 0.1, 1e-9)
  assert.strictEqual(limit("a", 100), 0)
})

it("tells callers apart, and remembers a bounded number of them: the quietest is forgotten", () => {
  const limit = RateLimit.make({ perSecond: 1, burst: 1 })
  for (let n = 0; n < 10_000; n++) limit(`caller-${n}`, 0)
  const busy = limit("caller-0", 0)
  limit("one more", 0)

  assert.isAbove(busy, 0)
  assert.isAbove(limit("caller-0", 0), 0, "it was not the quietest")
  assert.strictEqual(limit("caller-1", 0), 0, "it was")
})
