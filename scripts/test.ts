/**
 * Everything that must hold before a change goes in: types, lint, format, then the suites. `npm test` runs it.
 *
 *     node scripts/test.ts                 all of it, with coverage thresholds
 *     node scripts/test.ts --checks        only what needs no test run
 *     node scripts/test.ts test/domain     only these suites; what vitest takes as arguments
 *
 * The last line is the sum of checks and tests: `N passed, N failed`.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { leftOutLines, type Totals } from "../test/support/servers/LeftOut.ts"

interface Check {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
}

const checks: ReadonlyArray<Check> = [
  { name: "types", command: "tsc", args: ["--noEmit"] },
  { name: "lint", command: "oxlint", args: ["--deny-warnings"] },
  {
    name: "effect rules",
    command: "effect-tsgo",
    args: ["diagnostics", "--project", "tsconfig.json", "--strict", "--severity", "error,warning"]
  },
  { name: "format", command: "dprint", args: ["check"] },
  { name: "generated files", command: "node", args: ["src/cli/main.ts", "contracts", "--check"] },
  { name: "dashboards", command: "node", args: ["scripts/dashboards.ts", "--check"] }
]

const root = join(import.meta.dirname, "..")
const env = { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH ?? ""}` }

/** Ends with the exit code; output is kept back unless `shown`. */
const run = (command: string, args: ReadonlyArray<string>, more: Record<string, string>, shown: boolean) =>
  new Promise<{ readonly code: number; readonly output: string }>((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...env, ...more },
      stdio: shown ? "inherit" : ["ignore", "pipe", "pipe"]
    })
    let output = ""
    child.stdout?.on("data", (chunk) => output += chunk)
    child.stderr?.on("data", (chunk) => output += chunk)
    child.on("error", (error) => resolve({ code: 1, output: error.message }))
    child.on("close", (code) => resolve({ code: code ?? 1, output }))
  })

/** How many passed, and the names of the others. */
const runChecks = async () => {
  const results = await Promise.all(checks.map(async ({ args, command, name }) => {
    const start = Date.now()
    const { code, output } = await run(command, args, {}, false)
    console.log(`${code === 0 ? "ok" : "FAILED"}  ${name}  ${((Date.now() - start) / 1000).toFixed(1)} s`)
    if (code !== 0) console.log(output.trimEnd())
    return { name, isGood: code === 0 }
  }))
  const failed = results.filter(({ isGood }) => !isGood).map(({ name }) => name)
  return { passed: results.length - failed.length, failed }
}

const runSuites = async (args: ReadonlyArray<string>): Promise<Totals> => {
  const directory = mkdtempSync(join(tmpdir(), "odto-totals-"))
  try {
    const file = join(directory, "totals.json")
    const { code } = await run("vitest", ["run", ...args], { ODTO_TEST_TOTALS: file }, true)
    const totals: Totals = JSON.parse(readFileSync(file, "utf8"))
    // A run can fail without a failed test, for instance by a coverage threshold.
    return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals
  } catch {
    return { passed: 0, failed: 1, skipped: 0, leftOut: [] }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const args = process.argv.slice(2)
const onlyChecks = args.includes("--checks")
const checked = args.length === 0 || onlyChecks ? await runChecks() : { passed: 0, failed: [] }
const tested = onlyChecks
  ? { passed: 0, failed: 0, leftOut: [] }
  : await runSuites(args.length === 0 ? ["--coverage"] : args)

for (const line of leftOutLines(tested.leftOut)) console.log(line)
if (checked.failed.length > 0) console.log(`\nFailed before the tests: ${checked.failed.join(", ")}`)
const failed = checked.failed.length + tested.failed
console.log(`\n${checked.passed + tested.passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
