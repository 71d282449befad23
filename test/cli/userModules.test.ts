import { loadJobTypes } from "#cli/userModules.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const moduleOf = (text: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "odto-module-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    ),
    (folder) => {
      const path = join(folder, "jobs.mjs")
      writeFileSync(path, text)
      return path
    }
  )

/** A module without `effect`: the plain form of job types. */
const plain = `
const type = (name, more) => ({
  description: {
    name, payloadSchema: {}, maxAttempts: 5, timeoutMillis: 1000,
    backoff: { baseMillis: 1, factor: 2, maxMillis: 10, jitter: "full" }, ...more
  },
  perform: async () => ({ _tag: "Completed", result: null })
})
`

const load = Effect.fnUntraced(function*(text: string) {
  return yield* loadJobTypes(yield* moduleOf(plain + text))
})

const refusal = (text: string) => Effect.map(Effect.flip(load(text)), ({ message }) => message)

describe("Modules of users", () => {
  it.effect("give the job types that they export, one by one and in arrays, each once", () =>
    Effect.gen(function*() {
      const types = yield* load(`
        export const one = type("a.one")
        export const more = [type("a.two"), one]
        export const version = "1.0", description = { description: "no job type" }, nothing = null`)
      assert.deepStrictEqual(types.map(({ description }) => String(description.name)).toSorted(), ["a.one", "a.two"])
    }))

  it.effect("are refused when an export is a malformed job type, by its name and field", () =>
    Effect.gen(function*() {
      const message = yield* refusal(`export const good = type("a.good"), bad = type("a.bad", { timeoutMillis: 0 })`)
      assert.include(message, "its export bad is no valid job type")
      assert.include(message, `["timeoutMillis"]`)
      assert.notInclude(message, "\n")
    }))

  it.effect("are refused when an item of an array is malformed, by its place", () =>
    Effect.gen(function*() {
      const message = yield* refusal(`export const all = [type("a.good"), type("A BAD NAME")]`)
      assert.include(message, "its export all[1] is no valid job type")
      assert.include(message, `["name"]`)
    }))

  it.effect("are refused when perform is no function", () =>
    Effect.map(
      refusal(`export const good = type("a.good"), bad = { ...good, perform: "later" }`),
      (message) => assert.include(message, "its export bad is no valid job type: perform is not a function")
    ))

  it.effect("are refused when they export none", () =>
    Effect.map(refusal(`export const x = 1`), (message) => assert.include(message, "exports no job type")))
})
