import { documents, requestFiles, textOf } from "#cli/contracts/documents.ts"
import { assert, describe, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "../..")
const contracts = join(root, "contracts")
const fixtures = join(root, "test/fixtures/contracts")

const parsed = (file: string) => JSON.parse(readFileSync(file, "utf8"))

const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"))

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/u
const ajv = new Ajv2020({
  allErrors: true,
  strict: false,
  formats: { "date-time": (text: string) => rfc3339.test(text) && !Number.isNaN(Date.parse(text)) }
})
const validator = (schema: string) => {
  const document = parsed(join(contracts, "schemas", `${schema}.schema.json`))
  return ajv.getSchema(document.$id) ?? ajv.compile(document)
}

describe("The contracts in the repository", () => {
  it("are what the schemas of the programs say", () => {
    const written = new Map(
      filesOf(contracts).filter((file) => !file.startsWith("baseline")).map((
        file
      ) => [file, readFileSync(join(contracts, file), "utf8")])
    )

    const made = new Map([...documents()].map(([file, document]) => [file, textOf(document)]))

    assert.deepStrictEqual(Object.fromEntries(written), Object.fromEntries(made))
  })

  it("are made the same each time", () => {
    assert.deepStrictEqual(
      [...documents()].map(([, each]) => textOf(each)),
      [...documents()].map(([, each]) => textOf(each))
    )
  })

  it("refer to nothing that is not in the same document", () => {
    const missing = [...documents()].flatMap(([file, document]) =>
      [...textOf(document).matchAll(/"\$ref": "#\/([^"]+)"/gu)].filter(([, path = ""]) => {
        let at: unknown = document
        for (const key of path.split("/")) at = at instanceof Object ? Reflect.get(at, key) : undefined
        return at === undefined
      }).map(([text]) => `${file} ${text}`)
    )

    assert.deepStrictEqual(missing, [])
  })

  it("say which files clients write by", () => {
    assert.deepStrictEqual([...requestFiles].filter((file) => !documents().has(file)), [])
  })
})

describe("Every valid example", () => {
  for (const file of filesOf(join(fixtures, "valid"))) {
    it(`fits its schema: ${file}`, () => {
      const { data, schema } = parsed(join(fixtures, "valid", file))
      const fits = validator(schema)

      void fits(data)

      assert.deepStrictEqual(fits.errors ?? [], [])
    })
  }
})

describe("Every invalid example", () => {
  for (const file of filesOf(join(fixtures, "invalid"))) {
    it(`is refused for its one reason: ${file}`, () => {
      const { because, data, refusedAt, schema } = parsed(join(fixtures, "invalid", file))
      const fits = validator(schema)

      void fits(data)
      const reasons = (fits.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`)

      assert.include(reasons, `${refusedAt} ${because}`)
    })
  }
})
