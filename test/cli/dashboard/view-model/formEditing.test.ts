import { formLines } from "#cli/dashboard/view-model/form/formLines.ts"
import { textOf } from "#cli/dashboard/view-model/Line.ts"
import { footerLine } from "#cli/dashboard/view-model/parts/footer.ts"
import { press } from "#cli/dashboard/view-model/press.ts"
import { frameOf } from "#cli/dashboard/view-model/Route.ts"
import type { State } from "#cli/dashboard/view-model/State.ts"
import { JobTypeName } from "#domain/Job.ts"
import { defaultBackoff } from "#domain/Retry.ts"
import { assert, describe, it } from "@effect/vitest"
import { stateOf, told } from "../../../support/dashboard/Given.ts"

/** The form of a type with a text and a choice. */
const open = (): State =>
  stateOf(frameOf("jobs"), [{
    _tag: "FormOpened",
    type: {
      name: JobTypeName.make("letter.send"),
      payloadSchema: { type: "object", properties: { to: { type: "string" }, urgent: { type: "boolean" } } },
      maxAttempts: 3,
      backoff: defaultBackoff,
      timeoutMillis: 1_000
    },
    check: () => [],
    key: "key-1"
  }])

/** Keys by their names; anything else is typed at once. */
const names = new Set("left right home end delete backspace tab shift+tab space ctrl+a ctrl+e".split(" "))
const after = (state: State, ...keys: ReadonlyArray<string>): State =>
  keys.reduce<State>((held, key) => {
    const text = key === "space" ? " " : names.has(key) ? "" : key
    return told(held, ...press(held, { key: text === "" ? key : "paste", text }).messages ?? [])
  }, state)

const typed = (state: State): string | undefined => state.form?.fields[0]?.text
const drawn = (state: State, columns = 80): string =>
  state.form === undefined
    ? ""
    : textOf(formLines(state.form, columns, 20, (name) => name === "cursor" ? "_" : "*")[2] ?? [])

describe("The text of a field", () => {
  it("is edited where the cursor is", () => {
    const cases: ReadonlyArray<readonly [keys: ReadonlyArray<string>, text: string]> = [
      [["Ad", "left", "b"], "Abd"],
      [["Ada", "home", "x"], "xAda"],
      [["Ada", "home", "x", "end", "y"], "xAday"],
      [["Ada", "ctrl+a", "delete"], "da"],
      [["Ada", "left", "backspace"], "Aa"],
      [["Ada", "left", "left", "delete"], "Aa"],
      [["Ada", "left", "left", "delete", "delete", "delete"], "A"],
      [["Ada", "left", "left", "left", "left", "left", "right", "x"], "Axda"],
      [["Ada", "right", "delete", "x"], "Adax"],
      [["e\u0301漢", "left", "left", "x"], "xe\u0301漢"],
      [["Ada", "home", "tab", "shift+tab", "x"], "Adax"]
    ]
    for (const [keys, text] of cases) assert.strictEqual(typed(after(open(), ...keys)), text, keys.join(" "))
  })

  it("shows the cursor at its place, and what is around it, in the room there is", () => {
    assert.include(drawn(after(open(), "Ada", "left")), "Ad_a")
    assert.include(drawn(after(open(), "Ada", "home")), "_Ada")
    const long = after(open(), "a".repeat(60), "b".repeat(60), ...Array.from({ length: 60 }, () => "left"))
    for (const columns of [40, 80, 100]) {
      assert.match(drawn(long, columns), /<a+_b+…$/u)
      assert.isAtMost(drawn(long, columns).length, columns)
    }
  })

  it("is told of keys that choose a value only where there are values", () => {
    const hints = (state: State) => textOf(footerLine(state, 160, true))

    assert.notInclude(hints(open()), "choose")
    assert.include(hints(after(open(), "tab")), "Left choose a value")
    assert.strictEqual(after(open(), "tab", "right").form?.fields[1]?.text, "true")
  })
})
