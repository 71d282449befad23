import { glyph } from "#cli/dashboard/view-model/glyphs.ts"
import { layoutOf } from "#cli/dashboard/view-model/layout.ts"
import { textOf } from "#cli/dashboard/view-model/Line.ts"
import { panelLines } from "#cli/dashboard/view-model/parts/panel.ts"
import { frameOf } from "#cli/dashboard/view-model/Route.ts"
import { snapshotOf } from "#cli/dashboard/view-model/snapshot.ts"
import { JobTypeName } from "#domain/Job.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { idOf, jobOf, jobsRead, noon, pageOf, stateOf, told } from "../../../support/dashboard/Given.ts"

const ascii = (name: Parameters<typeof glyph>[0]) => glyph(name, "ascii")

describe("The layout", () => {
  it.prop(
    "fills every terminal exactly, however small, with every panel open or closed",
    {
      columns: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 300 })),
      rows: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 })),
      prompt: Schema.Literals(["palette", "filter", "type", "none"])
    },
    ({ columns, prompt, rows }) => {
      const state = stateOf(
        frameOf("jobs"),
        prompt === "none" ? [] : [{ _tag: "PromptOpened", kind: prompt }],
        { columns, rows }
      )
      const { body, footer, header, panel } = layoutOf(state)

      assert.strictEqual(header + body + panel + footer, rows)
      assert.isTrue([header, body, panel, footer].every((lines) => lines >= 0))
      assert.isAtMost(panelLines(state, ascii).length, Math.max(panel, 2))
    }
  )
})

describe("A question", () => {
  it("is read whole on every terminal that has the lines for it, and what is typed on every one", () => {
    const text = `Cancel job ${idOf(1)} of type demo.sleep, which runs on processor/host-1-with-a-long-name?`
    for (const [columns, rows] of [[160, 50], [80, 24], [40, 20], [40, 8], [30, 9]] as const) {
      const listed = stateOf(frameOf("jobs"), [], { columns, rows })
      const asked = told(listed, {
        _tag: "Asked",
        question: { text, key: "y", command: { _tag: "Cancel", jobId: idOf(1) } }
      })
      const read = panelLines(asked, ascii).map((line) => textOf(line).trim()).join("")

      assert.strictEqual(read.replaceAll(" ", ""), text.replaceAll(" ", ""), `${columns}x${rows}`)
    }
    for (const rows of [1, 2, 4, 6]) {
      const open = stateOf(frameOf("jobs"), [{ _tag: "PromptOpened", kind: "palette" }], { columns: 40, rows })

      assert.isAtLeast(layoutOf(open).panel, 1)
    }
  })
})

describe("The snapshot", () => {
  it("has the rows and numbers of the view, with their standing", () => {
    const state = stateOf(frameOf("jobs"), [
      jobsRead(pageOf([jobOf(1, { type: JobTypeName.make("mail.send") })]))
    ])
    const snapshot = snapshotOf(state)

    assert.strictEqual(snapshot.view, "jobs")
    assert.deepInclude(snapshot.jobs?.rows[0], { id: idOf(1), type: "mail.send", status: "queued", maxAttempts: 5 })
    assert.deepStrictEqual(
      snapshotOf(
        told(stateOf(frameOf("overview")), { _tag: "NotAnswered", source: "stats", trouble: "away", at: noon })
      )
        .sources["stats"],
      { state: "down", trouble: "away", data: null }
    )
  })
})
