import { lineWidth, textOf } from "#cli/dashboard/view-model/Line.ts"
import type { Message } from "#cli/dashboard/view-model/Message.ts"
import { panelLines } from "#cli/dashboard/view-model/parts/panel.ts"
import { frameOf } from "#cli/dashboard/view-model/Route.ts"
import { JobTypeName } from "#domain/Job.ts"
import { defaultBackoff } from "#domain/Retry.ts"
import { assert, describe, it } from "@effect/vitest"
import { freshnessAt, noon, stateOf, told } from "../../../support/dashboard/Given.ts"
import { answered } from "../../../support/dashboard/GivenJob.ts"

const glyph = (name: string) => name === "cursor" ? "_" : "*"

describe("What is open above the last line", () => {
  it("obeys nothing in the description of a type", () => {
    const types = answered({
      source: "types",
      data: {
        types: [{
          name: JobTypeName.make("letter.send"),
          description: "\u001b[2J\u001b]52;c;aGk=\u0007 sends\u202e",
          payloadSchema: {},
          maxAttempts: 3,
          backoff: defaultBackoff,
          timeoutMillis: 1_000,
          liveWorkers: 1
        }],
        freshness: freshnessAt(noon)
      }
    })
    const lines = panelLines(stateOf(frameOf("types"), [types, { _tag: "PromptOpened", kind: "type" }]), glyph)
    const text = lines.map(textOf).join("")

    assert.include(text, "letter.send")
    assert.include(text, "sends")
    assert.notMatch(text, /[\u0000-\u001f\u007f-\u009f\u202e]/u)
  })

  it("keeps the end of what is typed and the cursor in sight, however wide it is", () => {
    for (const kind of ["palette", "filter", "type"] as const) {
      for (const text of ["x".repeat(90), "漢字".repeat(45)]) {
        const typed: ReadonlyArray<Message> = [{ _tag: "PromptOpened", kind }, {
          _tag: "PromptTyped",
          text: `${text}end`
        }]
        const [line = []] = panelLines(told(stateOf(frameOf("jobs"), [], { columns: 40 }), ...typed), glyph)

        assert.isAtMost(lineWidth(line), 40)
        assert.match(textOf(line), /end_$/u)
      }
    }
  })
})
