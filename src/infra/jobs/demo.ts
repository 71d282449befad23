/** Types to try the system with, and to measure it by. */
import { Schema } from "effect"
import { setTimeout as sleep } from "node:timers/promises"
import { burn } from "./cpu.ts"
import { defineJobType, NonRetryable } from "./defineJobType.ts"

const oneHour = 3_600_000
const Millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: oneHour }))
/** Quick to fail again, so that a demonstration does not take minutes. */
const quickBackoff = { baseMillis: 200, maxMillis: 5_000 }

export const noop = defineJobType({
  name: "demo.noop",
  description: "Does nothing",
  payload: Schema.Struct({}),
  backoff: quickBackoff,
  handler: () => Promise.resolve(null)
})

export const sleeping = defineJobType({
  name: "demo.sleep",
  description: "Waits for `ms` milliseconds",
  payload: Schema.Struct({ ms: Millis }),
  backoff: quickBackoff,
  timeoutMillis: oneHour + 60_000,
  handler: async ({ ms }, { signal }) => {
    await sleep(ms, undefined, { signal })
    return { slept: ms }
  }
})

export const failing = defineJobType({
  name: "demo.fail",
  description: "Fails every time, with `message`",
  payload: Schema.Struct({
    message: Schema.optionalKey(Schema.String),
    retryable: Schema.optionalKey(Schema.Boolean)
  }),
  backoff: quickBackoff,
  handler: ({ message = "failed as asked", retryable = true }) =>
    Promise.reject(retryable ? new Error(message) : new NonRetryable(message))
})

export const flaky = defineJobType({
  name: "demo.flaky",
  description: "Fails `failures` times, then completes",
  payload: Schema.Struct({ failures: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99 })) }),
  maxAttempts: 100,
  backoff: quickBackoff,
  handler: ({ failures }, context) =>
    context.failures < failures
      ? Promise.reject(new Error(`failure ${context.failures + 1} of ${failures}`))
      : Promise.resolve({ failures: context.failures })
})

export const cpu = defineJobType({
  name: "demo.cpu",
  description: "Keeps one core busy for `ms` milliseconds, in a thread of its own",
  payload: Schema.Struct({ ms: Millis }),
  backoff: quickBackoff,
  handler: ({ ms }, { signal }) => burn(ms, signal)
})

export const demoTypes = [noop, sleeping, failing, flaky, cpu]
