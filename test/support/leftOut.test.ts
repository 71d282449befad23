import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { join } from "node:path"

const root = join(import.meta.dirname, "../..")

/** A run of the suites that need MongoDB, on a machine where it was never set up. */
const runWithoutMongo = (environment: Record<string, string>) =>
  Effect.callback<{ readonly failed: boolean; readonly output: string }>((resume) => {
    const args = ["run", "test/support/Servers.test.ts", "-t", "A MongoDB of one's own"]
    const { ODTO_TEST_SERVERS: _, ODTO_TEST_TOTALS: __, VITEST: ___, ...outer } = process.env
    const env = { ...outer, NO_COLOR: "1", ODTO_TEST_CACHE: "/nonexistent", ...environment }
    execFile(join(root, "node_modules/.bin/vitest"), args, { cwd: root, env }, (error, stdout, stderr) => {
      resume(Effect.succeed({ failed: error !== null, output: stdout + stderr }))
    })
  })

describe("A suite without its servers", () => {
  it.live("is left out, and the last lines say so and how to get them", () =>
    Effect.gen(function*() {
      const { failed, output } = yield* runWithoutMongo({})

      assert.isFalse(failed)
      const [first, ...suites] = output.slice(output.indexOf("Left out")).trimEnd().split("\n")
      const remedy = suites.pop()
      assert.strictEqual(first, "Left out, because servers are missing:")
      assert.include(
        suites.at(-1),
        "A MongoDB of one's own (mongodb: DocumentDB is not set up in /nonexistent/documentdb)"
      )
      assert.include(remedy, "sudo test/support/install-servers")
    }))

  it.live("fails where all servers are required", () =>
    Effect.gen(function*() {
      const { failed, output } = yield* runWithoutMongo({ ODTO_TEST_SERVERS: "required" })

      assert.isTrue(failed)
      assert.include(output, "mongodb: DocumentDB is not set up in /nonexistent/documentdb")
    }))
})
