import { type Outcome, toldOf } from "#cli/dashboard/view-model/form/outcome.ts"
import type { State } from "#cli/dashboard/view-model/State.ts"
import { topOf } from "#cli/dashboard/view-model/State.ts"
import { assert, describe, it } from "@effect/vitest"
import { idOf, stateOf, told } from "../../../support/dashboard/Given.ts"
import { formOf } from "../../../support/dashboard/GivenForm.ts"

const submitted = formOf("letter.send", "key-1")
const another = formOf("report.make", "key-2")
const accepted: Outcome = { _tag: "Accepted", jobId: idOf(7), status: "queued" }
const refused = (isUnknown: boolean): Outcome => ({
  _tag: "Refused",
  errors: {},
  refusal: "the queue is full",
  trouble: "the queue is full",
  isUnknown
})
const withForm = (form: State["form"]): State => ({ ...stateOf(), form })
const answered = (form: State["form"], outcome: Outcome): State =>
  told(withForm(form), ...toldOf(form, submitted, outcome, "key-3"))

describe("The answer to a submitted form", () => {
  it("closes the form and opens the job", () => {
    const state = answered(submitted, accepted)

    assert.isUndefined(state.form)
    assert.deepInclude(topOf(state), { view: "job", subject: idOf(7) })
    assert.include(state.toast?.text, idOf(7))
  })

  it("leaves another form alone that has been opened meanwhile, and says what it is about", () => {
    for (const outcome of [accepted, refused(false), refused(true)]) {
      const state = answered(another, outcome)

      assert.strictEqual(state.form, another)
      assert.strictEqual(topOf(state).view, "jobs")
      assert.match(state.toast?.text ?? "", /accepted/u)
    }
  })

  it("leads nobody away who has closed the form", () => {
    const state = answered(undefined, accepted)

    assert.strictEqual(topOf(state).view, "jobs")
    assert.include(state.toast?.text, idOf(7))
  })

  it("keeps the key of a submission whose fate is unknown, so that the next one makes no second job", () => {
    assert.strictEqual(answered(submitted, refused(true)).form?.key, "key-1")
    assert.strictEqual(answered(submitted, refused(false)).form?.key, "key-3")
    assert.include(answered(undefined, refused(true)).toast?.text, "may or may not")
  })
})
