import { keyTable } from "#cli/dashboard/view-model/keys/keyTable.ts"
import { keyTableText } from "#cli/dashboard/view-model/keys/keyTableText.ts"
import { assert, describe, it } from "@effect/vitest"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const file = join(import.meta.dirname, "../../../../README.md")
const block = /(<!-- keys of the dashboard -->\n\n)[^]*?(\n\n<!-- end of the keys -->)/u

describe("The README", () => {
  it("has the keys of the dashboard as they are; ODTO_UPDATE_GOLDEN=1 writes them", () => {
    const text = readFileSync(file, "utf8")
    const expected = text.replace(block, (_, before: string, after: string) => before + keyTableText() + after)
    if (process.env.ODTO_UPDATE_GOLDEN === "1") writeFileSync(file, expected)
    else assert.strictEqual(text, expected)
    assert.match(text, block)
  })

  it("tells every key", () => {
    const told = keyTableText()
    for (const { label } of keyTable) assert.include(told, label.replace(/^go to /u, ""))
  })
})
