import { press } from "#cli/dashboard/view-model/press.ts"
import { frameOf } from "#cli/dashboard/view-model/Route.ts"
import { type State, topOf } from "#cli/dashboard/view-model/State.ts"
import { filterProblems } from "#cli/dashboard/view-model/viewFilter.ts"
import { assert, describe, it } from "@effect/vitest"
import { stateOf, told } from "../../../support/dashboard/Given.ts"

/** The text typed after the key that opens the prompt, and Enter. */
const entered = (state: State, opening: string, text: string): State => {
  const keys = [{ key: opening, text: opening }, { key: "paste", text }, { key: "enter", text: "" }]
  return keys.reduce((held, key) => told(held, ...press(held, key).messages ?? []), state)
}

describe("The filter of a view", () => {
  it("is that of the API where jobs are listed, and words elsewhere", () => {
    assert.deepStrictEqual(filterProblems("jobs", "status:dead queue:mail word"), [])
    assert.deepStrictEqual(filterProblems("queues", "status:whatever"), [])
    assert.lengthOf(filterProblems("jobs", "status:deadly"), 1)
    assert.lengthOf(filterProblems("overview", "mail"), 1)
  })

  it("brings nothing that lives among the dead", () => {
    const state = entered(stateOf(frameOf("dead")), "/", "status:running")

    assert.strictEqual(topOf(state).filter, "")
    assert.include(state.toast?.text, "all of them are dead")
  })

  it("is refused by the palette as it is by its own line", () => {
    const start = stateOf(frameOf("queues"))
    const refused = entered(start, ":", "jobs status:deadly")
    const taken = entered(start, ":", "jobs status:dead")

    assert.strictEqual(topOf(refused).view, "queues")
    assert.include(refused.toast?.text, "status:deadly does not fit")
    assert.deepInclude(topOf(taken), { view: "jobs", filter: "status:dead" })
  })
})
