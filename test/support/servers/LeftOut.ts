/**
 * Ends the report of a run with what it left out and how to get it, so that nobody takes a run without servers for a
 * full one. Writes the totals to the file that ODTO_TEST_TOTALS names, for scripts.
 */
import { writeFileSync } from "node:fs"
import type { Reporter, TestModule } from "vitest/node"

/** Where to get the servers. */
const remedy = "Get them on Debian with: sudo test/support/install-servers; or give URLs: CONTRIBUTING.md"

export interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly leftOut: ReadonlyArray<string>
}

export default class LeftOut implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<unknown>) {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    const broken = modules.filter((module) => module.state() === "failed" && module.errors().length > 0)
    const suites = modules.flatMap((module) => [...module.children.allSuites()])
    const leftOut = suites.flatMap((suite) => {
      const { leftOut: reasons } = suite.meta()
      return reasons === undefined ? [] : [`${suite.fullName} (${reasons.join("; ")})`]
    })
    const totals: Totals = {
      passed: count("passed"),
      failed: count("failed") + broken.length + unhandled.length,
      skipped: count("skipped"),
      leftOut
    }
    if (leftOut.length > 0) {
      console.log(["", "Left out, because servers are missing:", ...leftOut.map((one) => `  ${one}`), remedy].join("\n"))
    }
    if (process.env.ODTO_TEST_TOTALS !== undefined) {
      writeFileSync(process.env.ODTO_TEST_TOTALS, JSON.stringify(totals))
    }
  }
}
