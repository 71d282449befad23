import { lineWidth, textOf } from "#cli/dashboard/view-model/Line.ts"
import type { Message } from "#cli/dashboard/view-model/Message.ts"
import { suggestions } from "#cli/dashboard/view-model/palette.ts"
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

  it("tells the chosen entry of the palette whole, and cuts none that there is room for", () => {
    const open = (columns: number, moves: number) =>
      panelLines(
        told(
          stateOf(frameOf("jobs"), [{ _tag: "RoleKnown", role: "admin" }], { columns, rows: 20 }),
          { _tag: "PromptOpened", kind: "palette" },
          { _tag: "PromptMoved", by: moves }
        ),
        glyph
      ).map(textOf)
    const count = suggestions(told(stateOf(frameOf("jobs"), [{ _tag: "RoleKnown", role: "admin" }]), {
      _tag: "PromptOpened",
      kind: "palette"
    }))
    for (const [at, { about, name }] of count.entries()) {
      const [, ...lines] = open(40, at)
      const text = lines.map((each) => each.replace("*", "").trim()).join(" ").replaceAll(/\s+/gu, " ")

      for (const word of `${name} ${about}`.split(" ")) assert.include(text, word, name)
      assert.isTrue(lines.every((each) => each.length <= 40), name)
      assert.notInclude(open(100, at).join(""), "…")
    }
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
