import { keyTable } from "#cli/dashboard/view-model/keys/keyTable.ts"
import { press } from "#cli/dashboard/view-model/press.ts"
import { type Frame, frameOf } from "#cli/dashboard/view-model/Route.ts"
import { firstLineShown } from "#cli/dashboard/view-model/scrolling.ts"
import { type State, topOf } from "#cli/dashboard/view-model/State.ts"
import { assert, describe, it } from "@effect/vitest"
import { idOf, stateOf, told } from "../../../support/dashboard/Given.ts"
import { answered, jobDetailOf } from "../../../support/dashboard/GivenJob.ts"

const pressed = (state: State, ...keys: ReadonlyArray<string>): State =>
  keys.reduce((held, key) => told(held, ...press(held, { key, text: "" }).messages ?? []), state)

const longJob: Frame = frameOf("job", { subject: idOf(1), tab: "payload" })
const payload = { lines: Array.from({ length: 100 }, (_, line) => line) }
const texts = {
  "a job": stateOf(longJob, [answered({ source: "job", data: jobDetailOf(1, { payload }) })]),
  "the overview": stateOf(frameOf("overview"), [], { rows: 12 }),
  "the help": pressed(stateOf(frameOf("jobs")), "?")
}

describe("A text that is longer than the screen", () => {
  for (const [name, state] of Object.entries(texts)) {
    it(`scrolls back at once from its end: ${name}`, () => {
      const end = pressed(state, "G")
      const beyond = pressed(end, "j", "j", "pagedown", "j")

      assert.isAbove(firstLineShown(end), 0)
      assert.strictEqual(firstLineShown(beyond), firstLineShown(end))
      assert.strictEqual(firstLineShown(pressed(beyond, "k")), firstLineShown(end) - 1)
      assert.strictEqual(firstLineShown(pressed(beyond, "g")), 0)
    })
  }

  it("scrolls back at once after it has become shorter", () => {
    const end = pressed(texts["a job"], "G")
    const shorter = told(
      end,
      answered({ source: "job", data: jobDetailOf(1, { payload: { lines: payload.lines.slice(0, 40) } }) })
    )

    assert.isBelow(firstLineShown(shorter), firstLineShown(end))
    assert.strictEqual(firstLineShown(pressed(shorter, "k")), firstLineShown(shorter) - 1)
  })
})

describe("The help", () => {
  it("leaves what lies below it as it is, whatever key is pressed that does not close it", () => {
    const help = pressed(stateOf(frameOf("jobs", { filter: "queue:mail" })), "?")
    const keys = keyTable.flatMap((binding) => binding.keys).filter((key) => !["?", "q", "esc"].includes(key))
    const after = pressed(help, ...keys)

    assert.deepStrictEqual(topOf(after), topOf(help))
    assert.isDefined(after.help)
  })
})
