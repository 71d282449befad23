/** The workflows: they run what there is, with no more rights than they need, and end. */
import { assert, describe, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { at, isRecord, listAt, parseYaml, recordAt, textAt } from "../support/Manifests.ts"

const root = join(import.meta.dirname, "../..")
const paths = globSync(".github/workflows/*.yml", { cwd: root }).toSorted()
const read = (path: string) => readFileSync(join(root, path), "utf8")
const jobsOf = (path: string) => Object.entries(recordAt(parseYaml(read(path)), "jobs"))
const scripts = recordAt(parseYaml(read("package.json")), "scripts")

describe("The workflows", () => {
  it("run the same check as everybody, for every change and before every release", () => {
    assert.deepStrictEqual(paths.map((path) => path.split("/").at(-1)), ["ci.yml", "nightly.yml", "release.yml"])
    const [, check] = jobsOf(".github/workflows/ci.yml")[0] ?? []
    assert.isTrue(listAt(check, "steps").some((step) => at(step, "run") === ".ci/run"))
    for (const [name, job] of jobsOf(".github/workflows/release.yml").filter(([name]) => name !== "check")) {
      assert.strictEqual(at(job, "needs"), "check", name)
    }
  })

  it.each(paths)("%s: may read only, and has an end", (path) => {
    assert.deepStrictEqual(recordAt(parseYaml(read(path)), "permissions"), { contents: "read" })
    for (const [name, job] of jobsOf(path)) {
      assert.isTrue(at(job, "uses") !== undefined || Number(at(job, "timeout-minutes")) <= 40, name)
    }
  })

  it.each(paths)("%s: names scripts that there are, and actions by version", (path) => {
    const steps = jobsOf(path).flatMap(([, job]) => listAt(job, "steps"))
    for (const step of steps.filter(isRecord)) {
      const run = textAt(step, "run")
      for (const [, script = ""] of run.matchAll(/npm run (?:-s )?([\w:-]+)/gu)) assert.property(scripts, script)
      const uses = textAt(step, "uses")
      if (uses !== "") assert.match(uses, /^[\w-]+\/[\w-]+@v\d+$/u)
    }
  })
})
