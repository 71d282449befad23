/** Whether what crosses a border is what the checked-in contract says: the files, not the schemas that they were made from. */
import { assert } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import { readFileSync } from "node:fs"
import { join } from "node:path"

const folder = join(import.meta.dirname, "../../contracts/schemas")
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/u
const ajv = new Ajv2020({
  allErrors: true,
  strict: false,
  formats: { "date-time": (text: string) => rfc3339.test(text) && !Number.isNaN(Date.parse(text)) }
})

/** `name`: a path below contracts/schemas, without its ending. */
export const assertMatches = (name: string, value: unknown): void => {
  const document = JSON.parse(readFileSync(join(folder, `${name}.schema.json`), "utf8"))
  const validate = ajv.getSchema(document.$id) ?? ajv.compile(document)
  assert.isTrue(validate(value), `${name}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`)
}
