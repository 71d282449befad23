import { placeColumns } from "#cli/dashboard/components/TableBody.tsx"
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
})
