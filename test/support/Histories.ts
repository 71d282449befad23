/** Checks that every accepted job came to its end: one final event, no gap in its sequence. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { eventually, getJson } from "./Programs.ts"

interface Step {
  readonly what: string
  readonly from: "event" | "attempt"
  readonly sequence: number | null
}

interface Timeline {
  readonly steps: ReadonlyArray<Step>
  readonly job: { readonly status: string; readonly state: string; readonly sequence: number }
  readonly history: { readonly status: string; readonly freshness?: { readonly source: string } }
}

const finalEvents: ReadonlySet<string> = new Set(["completed", "dead-lettered", "cancelled"])

/**
 * Reads the timelines of the jobs and answers the final state of each, once the archive has caught up with it. Replayed
 * jobs are not for this. `archive`: what must have answered.
 */
export const assertWholeHistories = (readModelUrl: string, jobIds: ReadonlyArray<string>, archive?: string) =>
  Effect.forEach(
    jobIds,
    (jobId) =>
      Effect.gen(function*() {
        const timeline = yield* eventually(
          `the history of ${jobId} is in the archive`,
          () => getJson<Timeline>(`${readModelUrl}/jobs/${jobId}/timeline`),
          ({ job, steps }) => steps.filter(({ from }) => from === "event").length >= job.sequence
        )
        const events = timeline.steps.filter(({ from }) => from === "event")
        const sequences = events.map(({ sequence }) => sequence)
        assert.deepStrictEqual(sequences, events.map((_, index) => index + 1), `history of ${jobId} is gapless`)
        assert.strictEqual(timeline.job.sequence, events.length, `history of ${jobId} is whole`)
        assert.lengthOf(
          events.filter(({ what }) => finalEvents.has(what)),
          1,
          `${jobId} ended once: ${events.map(({ what }) => what).join(", ")}`
        )
        if (archive !== undefined) assert.strictEqual(timeline.history.freshness?.source, archive)
        return timeline.job.state
      }),
    { concurrency: 8 }
  )
