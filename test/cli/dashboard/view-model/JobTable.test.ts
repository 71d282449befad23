import { rowOf } from "#cli/dashboard/view-model/JobRow.ts"
import {
  bounded,
  emptyTable,
  findRow,
  indexOfRow,
  type JobTable,
  sortedBy,
  withEvents,
  withPage
} from "#cli/dashboard/view-model/JobTable.ts"
import { orderBy } from "#cli/dashboard/view-model/Table.ts"
import { jobColumns } from "#cli/dashboard/view-model/tables/jobs.ts"
import { JobTypeName } from "#domain/Job.ts"
import type { CloudEvent, EventType } from "#domain/JobEvent.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import {
  AnyStatus,
  eventOf,
  freshnessAt,
  idOf,
  jobOf,
  newestFirst,
  noon,
  pageOf
} from "../../../support/dashboard/Given.ts"

const firstPage = { after: undefined, at: noon, selected: undefined }
const holding = (filter: string, ...pages: ReadonlyArray<Parameters<typeof withPage>[1]>): JobTable =>
  pages.reduce<JobTable>((table, page) => withPage(table, page, firstPage), emptyTable(filter, "newest", undefined))
const ids = ({ shown }: JobTable) => shown.map(({ id }) => id)

describe("JobTable", () => {
  it("puts a new job where its id belongs, at the top", () => {
    const table = withEvents(holding("", pageOf(newestFirst(3, 1))), [eventOf(4, "created", { seq: 1 })], undefined)

    assert.deepStrictEqual(ids(table), [4, 3, 2, 1].map(idOf))
    assert.isFalse(findRow(table, idOf(4))?.isRead)
  })

  it("tells the status that each event leaves a job in", () => {
    const after: ReadonlyArray<readonly [EventType, string]> = [
      ["created", "queued"],
      ["dispatched", "queued"],
      ["started", "running"],
      ["retry-scheduled", "retrying"],
      ["completed", "completed"],
      ["dead-lettered", "dead"],
      ["cancelled", "cancelled"],
      ["replayed", "queued"],
      ["released", "queued"]
    ]
    for (const [event, status] of after) {
      const table = withEvents(holding("", pageOf([jobOf(1)])), [eventOf(1, event)], undefined)

      assert.strictEqual(findRow(table, idOf(1))?.status, status, event)
    }
  })

  it("follows a running job: worker, attempt, percent, the wish to cancel", () => {
    const table = withEvents(holding("", pageOf([jobOf(1)])), [
      eventOf(1, "started", { attempt: 2, data: { worker: "01a208af-7260-75c6-8fc0-5380cf45cb02" } }),
      eventOf(1, "progressed", { at: noon + 5, data: { progress: { percent: 40 } }, to: "running" }),
      eventOf(1, "cancel-requested", { at: noon + 6, to: "running" })
    ], undefined)
    const row = findRow(table, idOf(1))

    assert.deepInclude(row, {
      status: "running",
      attempt: 2,
      worker: undefined,
      percent: 40,
      isCancelRequested: true
    })
  })

  it("names a worker as the store does, whatever id its events have", () => {
    const table = withEvents(
      holding("", pageOf([jobOf(1)])),
      [eventOf(1, "started", { attempt: 1, at: noon + 9 })],
      undefined
    )
    const page = pageOf([jobOf(1, { status: "running", attempt: 1, worker: "processor/host-1" })])
    const read = withPage(table, page, { after: undefined, at: noon, selected: undefined })

    assert.strictEqual(findRow(read, idOf(1))?.worker, "processor/host-1")
  })

  it("counts attempts against the limit anew after a replay", () => {
    const dead = pageOf([jobOf(1, { status: "dead", attempt: 5, failures: 5, maxAttempts: 5 })])
    const counted = (...events: ReadonlyArray<CloudEvent>) => {
      const row = findRow(withEvents(holding("", dead), events, undefined), idOf(1))
      return row === undefined ? undefined : row.attempt - row.uncounted
    }
    const replayed = eventOf(1, "replayed", { at: noon + 5 })
    const read = rowOf(jobOf(1, { status: "running", attempt: 8, failures: 2, maxAttempts: 5 }))

    assert.strictEqual(counted(), 5)
    assert.strictEqual(counted(replayed), 0)
    assert.strictEqual(counted(replayed, eventOf(1, "started", { at: noon + 6, attempt: 6 })), 1)
    assert.strictEqual(read.attempt - read.uncounted, 3)
  })

  it("knows what an ended lease leaves behind", () => {
    for (const [to, status] of [["waiting", "queued"], ["dead", "dead"], ["cancelled", "cancelled"]] as const) {
      const table = withEvents(holding("", pageOf([jobOf(1)])), [eventOf(1, "lease-expired", { to })], undefined)

      assert.strictEqual(findRow(table, idOf(1))?.status, status)
    }
  })

  it("does not turn back to a page that is older than an event", () => {
    const running = withEvents(holding("", pageOf([jobOf(1)])), [eventOf(1, "started", { at: noon + 500 })], undefined)
    const table = withPage(running, pageOf([jobOf(1, { priority: 9 })]), firstPage)

    assert.deepInclude(findRow(table, idOf(1)), { status: "running", priority: 9 })
  })

  it("ignores an event that is older than what was read", () => {
    const read = holding("", pageOf([jobOf(1, { status: "completed", updatedAt: new Date(noon + 500).toISOString() })]))

    assert.strictEqual(
      findRow(withEvents(read, [eventOf(1, "started", { at: noon + 400 })], undefined), idOf(1))?.status,
      "completed"
    )
  })

  it("takes a row out that no longer fits the filter, and keeps it while it is selected", () => {
    const table = holding("status:queued", pageOf(newestFirst(3, 1)))
    const events = [eventOf(2, "started"), eventOf(1, "started")]

    const gone = withEvents(table, events, idOf(2))
    const later = withEvents(gone, [eventOf(2, "completed", { at: noon + 900 })], undefined)

    assert.deepStrictEqual(ids(gone), [3, 2].map(idOf))
    assert.isTrue(findRow(gone, idOf(2))?.hasLeft)
    assert.deepStrictEqual(ids(later), [idOf(3)])
  })

  it("takes a row in that comes to fit the filter", () => {
    const table = withEvents(
      holding("status:dead", pageOf([jobOf(1, { status: "dead" })])),
      [eventOf(5, "dead-lettered"), eventOf(6, "completed")],
      undefined
    )

    assert.deepStrictEqual(ids(table), [5, 1].map(idOf))
  })

  it("leaves a job out of which only the store knows whether it fits", () => {
    const table = withEvents(holding("tag:invoice", pageOf([])), [eventOf(5, "created")], undefined)

    assert.deepStrictEqual(ids(table), [])
  })

  it("does not put old jobs below an end that has not been read", () => {
    const table = withEvents(holding("", pageOf(newestFirst(9, 7), { next: "x" })), [eventOf(2, "started")], undefined)

    assert.deepStrictEqual(ids(table), [9, 8, 7].map(idOf))
  })

  it("takes in the next page after the last row", () => {
    const first = holding("", pageOf(newestFirst(4, 3), { next: "x" }))
    const table = withPage(first, pageOf(newestFirst(2, 1)), { ...firstPage, after: idOf(3) })

    assert.deepStrictEqual(ids(table), [4, 3, 2, 1].map(idOf))
    assert.isNull(table.next)
  })

  it("drops what the store no longer names in the range of a page, but not what happened after it was read", () => {
    const before = holding("", pageOf(newestFirst(5, 1)))
    const withNew = withEvents(before, [eventOf(6, "created", { at: noon + 9_000 })], undefined)
    const table = withPage(
      withNew,
      pageOf([jobOf(5), jobOf(2), jobOf(1)], { freshness: freshnessAt(noon + 5_000) }),
      firstPage
    )

    assert.deepStrictEqual(ids(table), [6, 5, 2, 1].map(idOf))
  })

  it("shows what has the free words, in the order of the list", () => {
    const mixed = [3, 2, 1].map((n) => jobOf(n, { type: JobTypeName.make(n === 2 ? "mail.send" : "demo.sleep") }))
    const table = withEvents(holding("MAIL", pageOf(mixed)), [eventOf(4, "created", { type: "mail.send" })], undefined)

    assert.deepStrictEqual(ids(table), [4, 2].map(idOf))
    assert.lengthOf(table.rows, 4)
  })

  it("forgets what lies beyond its bound, and reads on from there", () => {
    const table = bounded(holding("", pageOf(newestFirst(9, 1))), 4, (id) => `after ${id}`)

    assert.deepStrictEqual(ids(table), [9, 8, 7, 6].map(idOf))
    assert.strictEqual(table.next, `after ${idOf(6)}`)
  })

  it.prop(
    "keeps every order under any events, as if it had been sorted anew",
    {
      column: Schema.Literals(["status", "type", "try", "created", "changed", "queue"]),
      descending: Schema.Boolean,
      changes: Schema.Array(
        Schema.Struct({
          n: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 })),
          what: Schema.Literals(["created", "started", "completed", "dead-lettered", "retry-scheduled"]),
          at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000 }))
        })
      ),
      statuses: Schema.Array(AnyStatus)
    },
    ({ changes, column, descending, statuses }) => {
      const order = orderBy(jobColumns, { column, descending })
      const jobs = statuses.slice(0, 20).map((status, index) => jobOf(20 - index, { status }))
      const table = changes.reduce<JobTable>(
        (held, { at, n, what }) => withEvents(held, [eventOf(n, what, { at: noon + at })], undefined),
        sortedBy(holding("", pageOf(jobs)), order)
      )

      assert.deepStrictEqual(table.shown, order === undefined ? table.rows : table.rows.toSorted(order))
      assert.deepStrictEqual(table.rows.map(({ id }) => id), table.rows.map(({ id }) => id).toSorted().toReversed())
      assert.isTrue(table.shown.every(({ id }, index) => indexOfRow(table, id) === index))
    }
  )

  it("lists the oldest first when asked to", () => {
    const table = withPage(emptyTable("", "oldest", undefined), pageOf([jobOf(1), jobOf(2)]), firstPage)
    const later = withEvents(table, [eventOf(3, "created")], undefined)

    assert.deepStrictEqual(ids(later), [1, 2, 3].map(idOf))
    assert.strictEqual(indexOfRow(later, idOf(2)), 1)
    assert.strictEqual(indexOfRow(later, idOf(9)), -1)
  })
})
