import { keysNow } from "#cli/dashboard/view-model/keys/keyTable.ts"
import { lineWidth, textOf } from "#cli/dashboard/view-model/Line.ts"
import { footerLine } from "#cli/dashboard/view-model/parts/footer.ts"
import { helpLines } from "#cli/dashboard/view-model/parts/help.ts"
import { frameOf, viewNames } from "#cli/dashboard/view-model/Route.ts"
import { assert, describe, it } from "@effect/vitest"
import { jobsRead, newestFirst, pageOf, stateOf, told } from "../../../support/dashboard/Given.ts"

const listed = () =>
  stateOf(frameOf("jobs"), [{ _tag: "RoleKnown", role: "operator" }, jobsRead(pageOf(newestFirst(30, 1)))])

describe("The table of keys", () => {
  it("gives no key two meanings in one view", () => {
    for (const view of viewNames) {
      const keys = keysNow(stateOf(frameOf(view), [{ _tag: "RoleKnown", role: "admin" }])).flatMap((each) => each.keys)

      assert.deepStrictEqual(keys.filter((key, index) => keys.indexOf(key) !== index), [], view)
    }
  })

  it("has a label for every key, and says each in the help", () => {
    const state = listed()
    const help = helpLines(state, false).map(textOf).join("\n")

    for (const { label } of keysNow(state)) assert.include(help, label)
  })

  it("is told whole in the help on a narrow screen", () => {
    const state = told(listed(), { _tag: "Resized", columns: 40, rows: 20 })
    const lines = helpLines(state, false)
    const help = lines.map((each) => textOf(each.slice(-1)).trim()).join(" ")

    assert.isTrue(lines.every((each) => lineWidth(each) <= 40))
    for (const { label } of keysNow(state)) assert.include(help, label)
  })

  it("cuts the hints where the room ends, and says in any room how to come to the keys", () => {
    for (const columns of [10, 20, 40, 80, 160]) {
      for (const view of viewNames) {
        const state = told(listed(), { _tag: "WentTo", view })
        const text = textOf(footerLine(state, columns, true))

        assert.isAtMost(text.length, columns)
        assert.include(text, "? keys", `${view} at ${columns}`)
      }
    }
  })
})
