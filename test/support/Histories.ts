/** Checks that every accepted job came to its end: one final event, no gap in its sequence. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { getJson } from "./Programs.ts"

interface Step {
  readonly what: string
  readonly from: "event" | "attempt"
  readonly sequence: number | null
}

interface Timeline {
  readonly steps: ReadonlyArray<Step>
  readonly job: { readonly status: string; readonly state: string; readonly sequence: number }
}

const finalEvents = ["completed", "dead-lettered", "cancelled"]

/** Reads the timelines of the jobs and answers the final state of each. Replayed jobs are not for this. */
export const assertWholeHistories = (readModelUrl: string, jobIds: ReadonlyArray<string>) =>
  Effect.forEach(
    jobIds,
    (jobId) =>
      Effect.gen(function*() {
        const timeline = yield* Effect.promise(() => getJson<Timeline>(`${readModelUrl}/jobs/${jobId}/timeline`))
        const events = timeline.steps.filter(({ from }) => from === "event")
        const sequences = events.map(({ sequence }) => sequence)
        assert.deepStrictEqual(sequences, events.map((_, index) => index + 1), `history of ${jobId} is gapless`)
        assert.strictEqual(timeline.job.sequence, events.length, `history of ${jobId} is whole`)
        assert.lengthOf(
          events.filter(({ what }) => finalEvents.includes(what)),
          1,
          `${jobId} ended once: ${events.map(({ what }) => what).join(", ")}`
        )
        return timeline.job.state
      }),
    { concurrency: 8 }
  )
