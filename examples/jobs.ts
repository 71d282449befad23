/**
 * Two job types of one's own.
 *
 *     odd-dashboard up --jobs ./examples/jobs.ts      in the embedded system
 *     odd-dashboard worker ./examples/jobs.ts         on real servers
 */
import { defineJobType, NonRetryable } from "@oddessentials/odd-dashboard"
import { Effect, Schema } from "effect"
import { setTimeout as pause } from "node:timers/promises"

/** The handler is an effect; what it answers is checked against `result` and kept with the job. */
export const wordCount = defineJobType({
  name: "text.word-count",
  description: "Counts words, and how often the longest of them occurs",
  payload: Schema.Struct({ text: Schema.NonEmptyString }),
  result: Schema.Struct({ words: Schema.Int, longest: Schema.String, occurrences: Schema.Int }),
  handler: ({ text }) =>
    Effect.gen(function*() {
      const words = text.toLowerCase().match(/\p{L}+/gu) ?? []
      const [longest] = words.toSorted((a, b) => b.length - a.length)
      if (longest === undefined) return yield* Effect.fail(new NonRetryable("there is no word in the text"))
      return { words: words.length, longest, occurrences: words.filter((word) => word === longest).length }
    })
})

/** The handler is an async function: it heeds the signal, and says how far it has come. */
export const sendLetters = defineJobType({
  name: "letters.send",
  description: "Sends a letter to everybody on a list, one after the other",
  payload: Schema.Struct({
    to: Schema.Array(Schema.NonEmptyString).check(Schema.isMinLength(1), Schema.isMaxLength(1_000)),
    millisPerLetter: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 })))
  }),
  result: Schema.Struct({ sent: Schema.Int }),
  maxAttempts: 3,
  backoff: { baseMillis: 500, maxMillis: 10_000 },
  timeoutMillis: 60_000,
  handler: async ({ millisPerLetter = 100, to }, { progress, signal }) => {
    for (const [sent, addressee] of to.entries()) {
      if (!addressee.includes("@")) throw new NonRetryable(`${addressee} is no address`)
      await pause(millisPerLetter, undefined, { signal })
      progress({ percent: 100 * (sent + 1) / to.length, message: addressee })
    }
    return { sent: to.length }
  }
})
