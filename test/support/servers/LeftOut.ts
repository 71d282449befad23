/**
 * Ends the report of a run with what it left out and how to get it, so that nobody takes a run without servers for a
 * full one. Where a script wants to say so itself, it gets the totals in the file that ODTO_TEST_TOTALS names.
 */
import { writeFileSync } from "node:fs"
import type { Reporter, TestModule } from "vitest/node"

export interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Suites without their servers, each with the reasons. */
  readonly leftOut: ReadonlyArray<string>
}

/** Lines for a person. Empty when nothing was left out. */
export const leftOutLines = (leftOut: ReadonlyArray<string>): ReadonlyArray<string> =>
  leftOut.length === 0 ? [] : [
    "",
    "Left out, because servers are missing:",
    ...leftOut.map((suite) => `  ${suite}`),
    "To get them on Debian: sudo test/support/install-servers. To use others: ODTO_TEST_DATABASE_URL, " +
    "ODTO_TEST_AMQP_URL, ODTO_TEST_REDIS_URL, ODTO_TEST_MONGODB_URL."
  ]

const totalsOf = (modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<unknown>): Totals => {
  const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state))
  const count = (state: string) => states.filter((one) => one === state).length
  const broken = modules.filter((module) => module.errors().length > 0)
  return {
    passed: count("passed"),
    failed: count("failed") + broken.length + unhandled.length,
    skipped: count("skipped"),
    leftOut: modules.flatMap((module) =>
      [...module.children.allSuites()].flatMap((suite) => {
        const { leftOut } = suite.meta()
        return leftOut === undefined ? [] : [`${module.relativeModuleId}, ${suite.fullName} (${leftOut.join("; ")})`]
      })
    )
  }
}

export default class LeftOut implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<unknown>) {
    const totals = totalsOf(modules, unhandled)
    if (process.env.ODTO_TEST_TOTALS === undefined) {
      for (const line of leftOutLines(totals.leftOut)) console.log(line)
    } else writeFileSync(process.env.ODTO_TEST_TOTALS, JSON.stringify(totals))
  }
}
