/** Answers that come when something else is on the screen, or while it stands still. */
import { jobLines } from "#cli/dashboard/view-model/jobDetail.ts"
import { bindingOf } from "#cli/dashboard/view-model/keys/keyTable.ts"
import { textOf } from "#cli/dashboard/view-model/Line.ts"
import type { Message } from "#cli/dashboard/view-model/Message.ts"
import { secondLine } from "#cli/dashboard/view-model/parts/header.ts"
import { frameOf } from "#cli/dashboard/view-model/Route.ts"
import type { State } from "#cli/dashboard/view-model/State.ts"
import { assert, describe, it } from "@effect/vitest"
import {
  eventOf,
  happened,
  idOf,
  jobsRead,
  newestFirst,
  noon,
  pageOf,
  stateOf,
  told
} from "../../../support/dashboard/Given.ts"
import { answered, jobDetailOf } from "../../../support/dashboard/GivenJob.ts"

const open = (n: number): Message => ({ _tag: "Opened", frame: frameOf("job", { subject: idOf(n) }) })
const jobRead = (n: number, at = noon) => answered({ source: "job", data: jobDetailOf(n) }, at)
const screen = (state: State) => jobLines(state, 80, 10, 0, () => "*").map(textOf).join("\n")
const standing = (state: State) => textOf(secondLine(state, 80, () => "*"))

describe("A job that is opened", () => {
  it("has neither the trouble nor the age of the one before", () => {
    const failed: Message = { _tag: "NotAnswered", source: "job", subject: idOf(1), trouble: "no such job", at: noon }
    const afterTrouble = told(stateOf(), open(1), failed, open(2))
    const afterAge = told(stateOf(), open(1), jobRead(1), { _tag: "Ticked", now: noon + 60_000 }, open(2))

    assert.notInclude(screen(afterTrouble), "no such job")
    assert.include(standing(afterAge), "reading")
  })

  it("takes in nothing that is said of another one", () => {
    const failed: Message = { _tag: "NotAnswered", source: "job", subject: idOf(1), trouble: "no such job", at: noon }
    const late = told(stateOf(), open(2), jobRead(1), failed)

    assert.include(screen(late), "reading")
    assert.include(standing(late), "reading")
  })

  it("is the only one that is copied", () => {
    const late = told({ ...stateOf(), sources: told(stateOf(), open(1), jobRead(1)).sources }, open(2))
    const read = told(late, jobRead(2))
    const copied = (state: State) => bindingOf(state, "Y")?.reaction(state).commands?.[0]
    const copy = copied(read)

    assert.isUndefined(copied(late))
    assert.include(copy?._tag === "Copy" ? copy.text : "", idOf(2))
  })

  it("keeps the row it was opened from in its list", () => {
    const filter = "status:queued"
    const listed = stateOf(frameOf("jobs", { filter }), [
      { _tag: "Ticked", now: noon },
      jobsRead(pageOf(newestFirst(9, 1)), { filter }),
      { _tag: "Moved", by: 3 }
    ])
    const back = told(listed, open(7), happened(eventOf(7, "started")), { _tag: "WentBack" })

    assert.deepInclude(back.jobs.rows.find(({ id }) => id === idOf(7)), { status: "running", hasLeft: true })
  })
})

describe("A screen that stands still", () => {
  const paused = told(stateOf(), jobsRead(pageOf(newestFirst(5, 1))), { _tag: "PauseToggled", now: noon })

  it("reads what is opened, and then keeps it", () => {
    const opened = told(paused, open(3), jobRead(3))
    const later = told(opened, answered({ source: "job", data: jobDetailOf(3, { status: "running" }) }))

    assert.include(screen(opened), "queued")
    assert.strictEqual(later.sources, opened.sources)
  })

  it("reads another list", () => {
    const filter = "queue:default"
    const state = told(paused, { _tag: "Filtered", filter }, jobsRead(pageOf(newestFirst(2, 1)), { filter }))

    assert.lengthOf(state.jobs.rows, 2)
  })
})
