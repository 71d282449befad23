/** What is read of long lists: how far, and again where events are missing. */
import { rereadList } from "#cli/dashboard/live/rereadList.ts"
import { makeStore } from "#cli/dashboard/live/Store.ts"
import { wantsMore, wantsReread } from "#cli/dashboard/live/wants.ts"
import { maxRowsHeld } from "#cli/dashboard/view-model/JobTable.ts"
import type { Message, Told } from "#cli/dashboard/view-model/Message.ts"
import { frameOf } from "#cli/dashboard/view-model/Route.ts"
import { topOf } from "#cli/dashboard/view-model/State.ts"
import { tableOf } from "#cli/dashboard/view-model/views.ts"
import { encodeCursor } from "#domain/JobFilter.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import {
  eventOf,
  freshnessAt,
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

const cursor = (n: number) => encodeCursor(idOf(n))
const begun: Message = { _tag: "Ticked", now: noon }
const last: Message = { _tag: "Moved", to: "last" }

describe("The next page", () => {
  it("is wanted near the end of what is held, until as much is held as may be", () => {
    const some = told(stateOf(), jobsRead(pageOf(newestFirst(500, 301), { next: cursor(301) })), last)
    const all = told(
      some,
      jobsRead(pageOf(newestFirst(300, 1), { next: cursor(1) }), { after: idOf(301) }),
      jobsRead(pageOf(newestFirst(maxRowsHeld + 1_000, 501), { next: cursor(501) })),
      last
    )

    assert.strictEqual(wantsMore(some), "jobs")
    assert.lengthOf(all.jobs.rows, maxRowsHeld)
    assert.isUndefined(wantsMore(all))
  })

  it("is wanted as long as a search has found less than a screen in its budget, and nothing is denied meanwhile", () => {
    const filter = "tag:rare"
    const frame = frameOf("jobs", { filter })
    const partial = stateOf(frame, [begun, jobsRead(pageOf([], { next: cursor(900), partial: true }), { filter })])
    const found = told(
      partial,
      jobsRead(pageOf([jobOf(5, { tags: ["rare"] })], { next: null }), { filter, after: idOf(900) })
    )

    assert.strictEqual(wantsMore(partial), "jobs")
    assert.match(tableOf(frame)?.empty(partial, topOf(partial)) ?? "", /so far/u)
    assert.isUndefined(wantsMore(found))
    assert.deepStrictEqual(found.jobs.shown.map(({ id }) => id), [idOf(5)])
  })
})

describe("A list of which events were missed", () => {
  /** Rows 600 to 1 in pages of 200, of which only the first is read again and again. */
  const held = () =>
    told(
      stateOf(),
      jobsRead(pageOf(newestFirst(600, 401), { next: cursor(401) })),
      { _tag: "Moved", by: 1 },
      jobsRead(pageOf(newestFirst(400, 201), { next: cursor(201) }), { after: idOf(401) }),
      jobsRead(pageOf(newestFirst(200, 1), { next: null }), { after: idOf(201) })
    )
  const completed = { status: "completed", updatedAt: new Date(noon + 5_000).toISOString() } as const
  const page = (after: string | undefined): Told => {
    const from = after === undefined ? 600 : after === idOf(401) ? 400 : 200
    return {
      _tag: "JobsRead",
      list: "jobs",
      filter: "",
      sort: "newest",
      after,
      at: noon,
      page: pageOf(newestFirst(from, from - 199, completed), {
        next: from === 200 ? null : cursor(from - 199),
        freshness: freshnessAt(noon + 6_000)
      })
    }
  }

  it.effect("is read again to its end", () =>
    Effect.gen(function*() {
      const store = makeStore(held())
      const asked: Array<string | undefined> = []
      yield* rereadList(store, "jobs", (after) => {
        asked.push(after)
        return Effect.succeed({ message: page(after), failure: undefined })
      })

      assert.deepStrictEqual(asked, [undefined, idOf(401), idOf(201)])
      assert.lengthOf(store.state().jobs.rows, 600)
      assert.isTrue(store.state().jobs.rows.every(({ status }) => status === "completed"))
      assert.isNull(store.state().jobs.next)
    }))

  it.effect("is read on where a page failed, after a pause", () =>
    Effect.gen(function*() {
      const store = makeStore(held())
      let failures = 1
      const reading = yield* Effect.forkChild(rereadList(store, "jobs", (after) => {
        const isFailing = after === idOf(401) && failures-- > 0
        return Effect.succeed({
          message: isFailing
            ? { _tag: "JobsNotRead", list: "jobs", filter: "", trouble: "down", at: noon }
            : page(after),
          failure: undefined
        })
      }))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(reading)

      assert.isTrue(store.state().jobs.rows.every(({ status }) => status === "completed"))
    }))

  it.effect("is left alone once it is another list", () =>
    Effect.gen(function*() {
      const store = makeStore(held())
      let pages = 0
      yield* rereadList(store, "jobs", (after) => {
        pages += 1
        store.send({ _tag: "Filtered", filter: "queue:mail" })
        return Effect.succeed({ message: page(after), failure: undefined })
      })

      assert.strictEqual(pages, 1)
      assert.deepStrictEqual(store.state().jobs.rows, [])
    }))
})

describe("Jobs that were made faster than they are read", () => {
  it("are read where they are on the screen and below the first page, which is read anyway", () => {
    const first = told(stateOf(), jobsRead(pageOf(newestFirst(100, 1), { next: null })))
    const burst = told(first, happened(...Array.from({ length: 400 }, (_, n) => eventOf(101 + n, "created"))))
    const below = told(burst, { _tag: "Moved", by: 1 }, { _tag: "Moved", by: 300 })
    const read = told(below, jobsRead(pageOf(newestFirst(500, 1), { next: null })))

    assert.isUndefined(wantsReread(burst))
    assert.strictEqual(wantsReread(below), "jobs")
    assert.isUndefined(wantsReread(read))
    assert.isUndefined(wantsReread(told(below, { _tag: "PauseToggled", now: noon })))
  })
})

describe("A page that comes late", () => {
  it("leaves no hole in a list that has begun anew", () => {
    const late = jobsRead(pageOf(newestFirst(400, 201), { next: cursor(201) }), { after: idOf(401) })
    const anew = told(stateOf(), { _tag: "LoadingJobs", list: "jobs" }, late)
    const read = told(anew, jobsRead(pageOf(newestFirst(900, 701), { next: cursor(701) })), late)

    assert.deepStrictEqual(anew.jobs.rows, [])
    assert.isFalse(anew.jobs.isLoading)
    assert.strictEqual(read.jobs.rows.at(-1)?.id, idOf(701))
    assert.strictEqual(read.jobs.next, cursor(701))
  })

  it("goes on from the job that was looked at last, though its row has left", () => {
    const filter = "status:queued"
    const state = told(
      stateOf(frameOf("jobs", { filter })),
      begun,
      jobsRead(pageOf(newestFirst(20, 11), { next: cursor(11) }), { filter }),
      happened(eventOf(11, "started")),
      jobsRead(pageOf(newestFirst(10, 1)), { filter, after: idOf(11) })
    )

    assert.lengthOf(state.jobs.rows, 19)
    assert.isNull(state.jobs.next)
  })
})
