import { maxWindow, QueueInState, QueueNotFound, windowOf } from "#domain/Queue.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const Rate = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1e6 }))
const Slots = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100_000 }))

describe("windowOf", () => {
  it.prop("is a whole number of jobs, never more than the maximum", { rate: Rate, slots: Slots }, ({ rate, slots }) => {
    const window = windowOf(rate, slots)

    assert.isTrue(Number.isInteger(window))
    assert.isAtLeast(window, 0)
    assert.isAtMost(window, maxWindow)
  })

  it.prop(
    "holds half a second of work and two jobs per slot, as long as there is room",
    { rate: Rate, slots: Slots },
    ({
      rate,
      slots
    }) => {
      const window = windowOf(rate, slots)

      assert.isTrue(window === maxWindow || window >= rate / 2)
      assert.isTrue(window === maxWindow || window >= 2 * slots)
      assert.isAtMost(window - 1, Math.max(rate / 2, 2 * slots))
    }
  )

  it.prop("never shrinks when workers come or work goes faster", { rate: Rate, slots: Slots }, ({ rate, slots }) => {
    assert.isAtLeast(windowOf(rate + 10, slots), windowOf(rate, slots))
    assert.isAtLeast(windowOf(rate, slots + 1), windowOf(rate, slots))
  })

  it("is closed for a queue that nobody works on", () => {
    assert.strictEqual(windowOf(0, 0), 0)
  })
})

describe("Queue", () => {
  it("says what is wrong with a request to a queue", () => {
    assert.strictEqual(new QueueNotFound({ queue: "mail" }).message, "there is no queue mail")
    assert.strictEqual(new QueueInState({ queue: "mail", paused: true }).message, "queue mail is already paused")
    assert.strictEqual(new QueueInState({ queue: "mail", paused: false }).message, "queue mail is not paused")
  })
})
