import { glyph } from "#cli/dashboard/view-model/glyphs.ts"
import { jobLines } from "#cli/dashboard/view-model/jobDetail.ts"
import { lineWidth, textOf } from "#cli/dashboard/view-model/Line.ts"
import type { Message } from "#cli/dashboard/view-model/Message.ts"
import { frameOf, jobTabs } from "#cli/dashboard/view-model/Route.ts"
import type { Answer } from "#cli/dashboard/view-model/sources.ts"
import type { State } from "#cli/dashboard/view-model/State.ts"
import { JobId } from "#domain/Job.ts"
import { defaultBackoff } from "#domain/Retry.ts"
import { assert, describe, it } from "@effect/vitest"
import { freshnessAt, idOf, jobOf, noon, stateOf, told } from "../../../support/dashboard/Given.ts"

const ascii = (name: Parameters<typeof glyph>[0]) => glyph(name, "ascii")
const freshness = freshnessAt(noon)
const answered = (answer: Answer, at = noon): Message => ({ _tag: "Answered", answer, at })

describe("One job", () => {
  const job = {
    ...jobOf(1, { status: "dead", tags: ["a"], worker: "w", progress: { percent: 50, message: "half" } }),
    payload: { text: "\u001b]8;;https://evil.example\u0007", long: "x".repeat(300) },
    result: null,
    lastError: { name: "Error", message: "boom \u202e", retryable: false },
    backoff: defaultBackoff,
    timeoutMillis: 1_000,
    deadline: new Date(noon).toISOString(),
    idempotencyKey: "key",
    traceparent: "00-1",
    sequence: 4,
    attempts: [{
      attempt: 1,
      state: "failed" as const,
      worker: "w",
      startedAt: new Date(noon).toISOString(),
      finishedAt: new Date(noon + 90).toISOString(),
      error: { name: "Error", message: "boom", retryable: false, stack: "Error: boom\n    at handler (jobs.ts:1:1)" }
    }],
    freshness
  }
  const timeline = {
    jobId: JobId.make(idOf(1)),
    steps: [
      {
        at: new Date(noon).toISOString(),
        from: "event" as const,
        what: "created" as const,
        sequence: 1,
        attempt: null,
        program: "gateway/1",
        worker: null,
        sincePreviousMillis: null,
        sinceStartMillis: 0
      },
      {
        at: new Date(noon + 90).toISOString(),
        from: "event" as const,
        what: "dead-lettered" as const,
        sequence: 2,
        attempt: 1,
        program: "processor/1",
        worker: "w",
        sincePreviousMillis: 90,
        sinceStartMillis: 90,
        detail: { reason: "final", worker: "01a208af-7260-75c6-8fc0-5380cf45cb02" }
      }
    ],
    job: { status: "ok" as const, state: "dead" as const, sequence: 2, attempts: job.attempts, freshness },
    history: { status: "ok" as const, events: 2, missing: [3], freshness }
  }
  const shown = (tab: (typeof jobTabs)[number], columns = 100, height = 60) =>
    jobLines(
      stateOf(frameOf("job", { subject: idOf(1), tab }), [
        answered({ source: "job", data: job }),
        answered({ source: "timeline", data: timeline })
      ], { columns }),
      columns,
      height,
      0,
      ascii
    )
  const text = (tab: (typeof jobTabs)[number]) => shown(tab).map(textOf).join("\n")

  it("is told whole in its summary", () => {
    for (
      const part of [
        idOf(1),
        "x dead",
        "demo.sleep",
        "0 in all, 0 of 5 failed since the replay",
        "50 % half",
        "boom \\u202e"
      ]
    ) {
      assert.include(text("summary"), part)
    }
  })

  it("has its history with the time between, and says what the archive lacks", () => {
    assert.match(text("timeline"), /12:00:00\.090 +\+90 ms +\. dead-lettered +try 1/)
    assert.include(text("timeline"), "{\"reason\":\"final\",\"worker\":\"w\"}")
    assert.include(text("timeline"), "not yet in the archive: events 3")
  })

  it("has every attempt with its error and stack", () => {
    assert.match(text("attempts"), / 1 +failed +2026-06-01 12:00:00\.000 UTC, 90 ms/)
    assert.include(text("attempts"), "at handler (jobs.ts:1:1)")
  })

  it("shows its payload line by line, and obeys nothing in it", () => {
    assert.include(text("payload"), "\\u001b]8;;https://evil.example\\u0007")
    assert.include(text("payload"), "none")
  })

  it("is never higher than the screen, in every tab", () => {
    for (const tab of jobTabs) assert.isAtMost(shown(tab, 40, 18).length, 18)
  })

  it("is read whole on a narrow screen: what does not fit on a line goes on below", () => {
    for (const tab of ["summary", "payload"] as const) {
      const [, ...lines] = shown(tab, 40, 60)

      for (const each of lines) assert.isAtMost(lineWidth(each), 40)
    }
    const values = shown("summary", 40).map((each) => textOf(each.slice(1))).join("")

    assert.include(values, idOf(1))
  })

  it("says that it is being read, or why it cannot be", () => {
    const reading = stateOf(frameOf("job", { subject: idOf(2) }), [answered({ source: "job", data: job })])
    const failed = told(reading, { _tag: "NotAnswered", source: "job", trouble: "there is no such job", at: noon })
    const lines = (state: State) => jobLines(state, 80, 10, 0, ascii).map(textOf).join("\n")

    assert.include(lines(reading), "reading")
    assert.include(lines(failed), "there is no such job")
  })
})
