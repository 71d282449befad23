import { placeColumns } from "#cli/dashboard/view-model/placeColumns.ts"
import type { Table } from "#cli/dashboard/view-model/Table.ts"
import { jobs } from "#cli/dashboard/view-model/tables/jobs.ts"
import { views } from "#cli/dashboard/view-model/views.ts"
import { assert, describe, it } from "@effect/vitest"

describe("The columns of a table", () => {
  it("fit into the terminal, from forty columns on", () => {
    for (const [name, { table }] of Object.entries(views)) {
      if (table === undefined) continue
      for (let columns = 40; columns <= 200; columns += 1) {
        // Before each column there is a blank.
        const taken = placeColumns(table, columns).reduce((sum, { width }) => sum + width + 1, 0)

        assert.isAtMost(taken, columns, `${name} in ${columns} columns`)
      }
    }
  })

  it("fit as well whatever is in them", () => {
    for (const [name, { table }] of Object.entries(views)) {
      if (table === undefined) continue
      for (const texts of [0, 1, 7, 36, 300].map((wide) => table.columns.map((_, at) => at % 2 === 0 ? wide : 3))) {
        for (let columns = 40; columns <= 200; columns += 1) {
          const placed = placeColumns(table, columns, texts)

          assert.isAtMost(
            placed.reduce((sum, { width }) => sum + width + 1, 0),
            columns,
            `${name} in ${columns} columns`
          )
          assert.isTrue(placed.every(({ title, width }) => width >= title.length), `${name} in ${columns} columns`)
        }
      }
    }
  })

  it("take the room that others have no use for, before a text is cut", () => {
    const widthsOf = (table: Table | undefined, columns: number, texts: Readonly<Record<string, number>>) => {
      assert.isDefined(table)
      const placed = placeColumns(table, columns, table.columns.map(({ title }) => texts[title] ?? 5))
      return Object.fromEntries(placed.map(({ title, width }) => [title, width]))
    }

    assert.isAtLeast(
      widthsOf(views.audit.table, 100, { WHO: 5, ACTION: 6, SUBJECT: 36, DETAIL: 0 })["SUBJECT"] ?? 0,
      36
    )
    assert.isAtLeast(widthsOf(views.dead.table, 100, { STATUS: 24, TYPE: 12, QUEUE: 22 })["STATUS"] ?? 0, 24)
    assert.isAtLeast(widthsOf(views.workers.table, 100, { WORKER: 24, TYPES: 60 })["WORKER"] ?? 0, 24)
    assert.isAtLeast(widthsOf(views.jobs.table, 40, { STATUS: 11, TYPE: 12, CREATED: 8 })["TYPE"] ?? 0, 12)
  })

  it("stay where they are while nothing is cut", () => {
    assert.deepStrictEqual(
      placeColumns(jobs, 100, jobs.columns.map(() => 4)),
      placeColumns(jobs, 100, jobs.columns.map(() => 5))
    )
  })
})
