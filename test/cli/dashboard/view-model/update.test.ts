import { maxRowsFollowed } from "#cli/dashboard/view-model/JobTable.ts"
import type { Message } from "#cli/dashboard/view-model/Message.ts"
import { frameOf, maxDepth } from "#cli/dashboard/view-model/Route.ts"
import { selectedId, windowNow } from "#cli/dashboard/view-model/selection.ts"
import { type State, topOf } from "#cli/dashboard/view-model/State.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import {
  eventOf,
  happened,
  idOf,
  jobOf,
  jobsRead,
  newestFirst,
  noon,
  pageOf,
  stateOf,
  told
} from "../../../support/dashboard/Given.ts"

const down: Message = { _tag: "Moved", by: 1 }
const up: Message = { _tag: "Moved", by: -1 }
const listed = (count: number): State => stateOf(frameOf("jobs"), [jobsRead(pageOf(newestFirst(count, 1)))])
const shownIds = (state: State) =>
  state.jobs.shown.slice(windowNow(state).first, windowNow(state).first + windowNow(state).length).map(({ id }) => id)

describe("The selection", () => {
  it("is none at first, so that the list follows its newest", () => {
    const state = told(listed(100), happened(eventOf(101, "created")))

    assert.isUndefined(selectedId(state))
    assert.strictEqual(shownIds(state)[0], idOf(101))
  })

  it("begins at the first row that is shown", () => {
    assert.strictEqual(selectedId(told(listed(100), down)), idOf(100))
    assert.strictEqual(selectedId(told(listed(100), up)), shownIds(listed(100)).at(-1))
  })

  it("stays on its job and on its line while rows come above it", () => {
    const before = told(listed(100), down, down, down)
    const after = told(before, happened(...[101, 102, 103, 104].map((n) => eventOf(n, "created"))))

    assert.strictEqual(selectedId(after), idOf(98))
    assert.strictEqual(windowNow(after).line, windowNow(before).line)
    assert.deepStrictEqual(shownIds(after), shownIds(before))
  })

  it.prop(
    "never moves to another job by anything that happens",
    {
      steps: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: -30, maximum: 30 }))),
      changes: Schema.Array(
        Schema.Struct({
          n: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 140 })),
          what: Schema.Literals(["created", "started", "completed", "dead-lettered", "cancelled"])
        })
      )
    },
    ({ changes, steps }) => {
      const chosen = steps.reduce<State>((state, by) => told(state, { _tag: "Moved", by }), told(listed(100), down))
      const id = selectedId(chosen)
      const line = windowNow(chosen).line
      const after = changes.reduce<State>(
        (state, { n, what }, index) => told(state, happened(eventOf(n, what, { at: noon + 1_000 + index }))),
        chosen
      )

      assert.strictEqual(selectedId(after), id)
      assert.isTrue(shownIds(after).includes(id ?? ""))
      assert.strictEqual(windowNow(after).line, line)
    }
  )

  it("stays in the window, whatever is pressed", () => {
    const state = told(listed(100), { _tag: "Moved", to: "last" })

    assert.strictEqual(selectedId(state), idOf(1))
    assert.strictEqual(windowNow(state).line, windowNow(state).height - 1)
    assert.strictEqual(selectedId(told(state, { _tag: "Moved", by: 500 })), idOf(1))
    assert.strictEqual(selectedId(told(state, { _tag: "Moved", to: "first" })), idOf(100))
  })

  it("stays where it is when the window becomes smaller", () => {
    const state = told(listed(100), { _tag: "Moved", by: 20 }, { _tag: "Resized", columns: 40, rows: 12 })

    assert.isTrue(shownIds(state).includes(selectedId(state) ?? ""))
  })

  it("leaves no line of the window empty while rows are hidden above it, sorted or with fewer rows than before", () => {
    const picked = told(listed(407), down, down, { _tag: "Moved", to: "first" }, down)
    for (const column of ["status", "type", "queue", "try", "created", "changed"]) {
      for (const descending of [false, true]) {
        const { count, first, height, length } = windowNow(told(picked, { _tag: "Sorted", column, descending }))

        assert.strictEqual(length, Math.min(count, height), `${column}, from ${first}`)
      }
    }
    const many = Array.from({ length: 3 }, (_, n) => eventOf(n + 4, "created"))
    const { first, length } = windowNow(told(listed(3), down, down, happened(...many)))

    assert.deepStrictEqual([first, length], [0, 6])
  })

  it("stays on its line when the order changes, as far as there are rows above it", () => {
    const picked = told(listed(407), { _tag: "Moved", by: 100 }, { _tag: "Moved", by: -10 })
    const sorted = told(picked, { _tag: "Sorted", column: "type", descending: true })

    assert.strictEqual(windowNow(picked).line, 9)
    assert.strictEqual(selectedId(sorted), selectedId(picked))
    assert.strictEqual(windowNow(sorted).line, 9)
  })

  it("is given up by following", () => {
    assert.isUndefined(selectedId(told(listed(10), down, { _tag: "Followed" })))
  })
})

describe("Going and coming back", () => {
  const opened = (n: number): Message => ({ _tag: "Opened", frame: frameOf("job", { subject: idOf(n) }) })

  it("finds the list as it was left: filter, order, selection", () => {
    const before = told(
      stateOf(frameOf("jobs", { filter: "status:queued" }), [
        jobsRead(pageOf(newestFirst(50, 1)), { filter: "status:queued" })
      ]),
      down,
      down
    )
    const after = told(before, opened(49), { _tag: "WentBack" })

    assert.deepStrictEqual(topOf(after), topOf(before))
  })

  it("has a way that leads back to the overview from everywhere", () => {
    const deep = Array.from({ length: 60 }, (_, n) => opened(n + 1)).reduce<State>(
      (state, message) => told(state, message),
      listed(3)
    )
    const home = Array.from({ length: 60 }).reduce<State>((state) => told(state, { _tag: "WentBack" }), deep)

    assert.isAtMost(deep.stack.length, maxDepth)
    assert.strictEqual(topOf(home).view, "overview")
  })

  it("clears the filter of the outermost view, then its selection, before it leaves", () => {
    const state = told(
      stateOf(frameOf("jobs", { filter: "sleep" }), [jobsRead(pageOf(newestFirst(5, 1)), { filter: "sleep" })]),
      { _tag: "WentBack" }
    )

    assert.strictEqual(topOf(state).filter, "")
    assert.strictEqual(topOf(state).view, "jobs")
    assert.strictEqual(topOf(told(state, { _tag: "WentBack" })).view, "overview")
  })

  it("forgets the way when another view is called by its name", () => {
    const state = told(listed(3), opened(1), { _tag: "WentTo", view: "dead", filter: "queue:mail" })

    assert.lengthOf(state.stack, 1)
    assert.strictEqual(state.dead.filter, "status:dead queue:mail")
  })
})

describe("What is held", () => {
  it("begins anew with another filter, and ignores an answer to the one before", () => {
    const state = told(listed(5), { _tag: "Filtered", filter: "queue:mail" }, jobsRead(pageOf(newestFirst(5, 1))))

    assert.strictEqual(state.jobs.filter, "queue:mail")
    assert.deepStrictEqual(state.jobs.rows, [])
  })

  it("is read the other way round when sorted by creation, and sorted here by any other column", () => {
    const created = told(listed(5), { _tag: "Sorted", column: "created", descending: false })
    const byStatus = told(
      told(listed(3), happened(eventOf(2, "started"))),
      { _tag: "Sorted", column: "status", descending: true }
    )

    assert.strictEqual(created.jobs.sort, "oldest")
    assert.deepStrictEqual(byStatus.jobs.shown.map(({ status }) => status), ["running", "queued", "queued"])
    assert.strictEqual(byStatus.jobs.sort, "newest")
  })

  it("stays small while nobody looks further down", () => {
    const page = (from: number) => jobsRead(pageOf(newestFirst(from, from - 199), { next: "x" }))
    const state = Array.from({ length: 10 }, (_, index) => page((index + 1) * 200))
      .reduce<State>((held, message) => told(held, message), listed(1))

    assert.lengthOf(state.jobs.rows, maxRowsFollowed)
    assert.isString(state.jobs.next)
  })

  it("keeps its last answer when its source fails, with what is wrong", () => {
    const state = told(listed(5), {
      _tag: "JobsNotRead",
      list: "jobs",
      filter: "",
      trouble: "nobody answers",
      at: noon
    })

    assert.lengthOf(state.jobs.rows, 5)
    assert.strictEqual(state.jobs.trouble, "nobody answers")
  })
})

describe("Pause", () => {
  const pause: Message = { _tag: "PauseToggled", now: noon }

  it("keeps the screen as it is and counts what waits", () => {
    const paused = told(listed(5), pause)
    const state = told(
      paused,
      happened(eventOf(6, "created"), eventOf(7, "created")),
      jobsRead(pageOf(newestFirst(9, 1)))
    )

    assert.strictEqual(state.jobs, paused.jobs)
    assert.strictEqual(state.pause?.waiting, 2)
  })

  it("ends where the screen would be without it", () => {
    const messages = [
      happened(eventOf(6, "created")),
      jobsRead(pageOf([jobOf(7), ...newestFirst(6, 1)])),
      happened(eventOf(7, "started", { at: noon + 99 }))
    ]

    const state = told(listed(5), pause, ...messages, pause)

    assert.deepStrictEqual(state.jobs, told(listed(5), ...messages).jobs)
    assert.isUndefined(state.pause)
  })

  it("holds a bounded number of events, and counts the others as dropped", () => {
    const many = Array.from({ length: 6_000 }, (_, n) => eventOf(n + 1, "created"))
    const state = told(listed(1), pause, happened(...many), happened(...many))
    const after = told(state, pause)

    assert.deepInclude(state.pause, { waiting: 10_000, dropped: 2_000 })
    assert.strictEqual(after.tail.dropped, 2_000)
    assert.strictEqual(after.tail.seen, 12_000)
  })
})
