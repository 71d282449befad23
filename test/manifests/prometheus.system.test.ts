/** The configuration as Prometheus' and Alertmanager's own tools see it. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { parse, stringify } from "yaml"
import { manifests, quickerRules } from "../support/Monitoring.ts"
import { describeWithServers } from "../support/Servers.ts"

interface Ended {
  readonly code: number
  readonly output: string
}

const run = (command: string, args: ReadonlyArray<string>) =>
  Effect.callback<Ended>((resume) => {
    execFile(command, args, { cwd: manifests }, (error, stdout, stderr) => {
      resume(Effect.succeed({ code: error === null ? 0 : 1, output: stdout + stderr }))
    })
  })
const succeeds = (command: string, args: ReadonlyArray<string>) =>
  Effect.map(run(command, args), ({ code, output }) => {
    assert.strictEqual(code, 0, output)
    return output
  })

const rules = globSync("prometheus/rules/*.yml", { cwd: manifests })
const tests = globSync("prometheus/tests/*.yml", { cwd: manifests })
const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "odto-rules-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

describeWithServers(["prometheus", "alertmanager"], "The monitoring configuration", () => {
  it.effect("is one that Prometheus takes, rules included", () =>
    Effect.gen(function*() {
      const output = yield* succeeds("promtool", ["check", "config", "--lint-fatal", "prometheus/prometheus.yml"])
      assert.include(output, `${rules.length} rule files found`)
    }))

  it.effect("is one that Alertmanager takes", () =>
    succeeds("amtool", ["check-config", "alertmanager/alertmanager.yml"]))

  it.effect("fires and resolves every alert in promtool's tests", () =>
    Effect.gen(function*() {
      const output = yield* succeeds("promtool", ["test", "rules", ...tests])
      assert.lengthOf(output.match(/SUCCESS/gu) ?? [], tests.length, output)
    }))

  it.live("has tests that fail when an alert cannot fire", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const broken = rules.map((path) => {
        const target = join(directory, basename(path))
        writeFileSync(
          target,
          readFileSync(join(manifests, path), "utf8").replaceAll(/odto_relay_lag_seconds/gu, "typo")
        )
        return target
      })
      const test = parse(readFileSync(join(manifests, "prometheus/tests/events.yml"), "utf8"))
      const file = join(directory, "events.test.yml")
      writeFileSync(file, stringify({ ...test, rule_files: broken }))

      const { code, output } = yield* run("promtool", ["test", "rules", file])

      assert.strictEqual(code, 1)
      assert.include(output, "RelayLagging")
    }))

  it.live("has rules that mean the same in a quicker time", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      for (const path of rules) {
        writeFileSync(join(directory, basename(path)), quickerRules(readFileSync(join(manifests, path), "utf8"), 60))
      }
      yield* succeeds("promtool", ["check", "rules", ...rules.map((path) => join(directory, basename(path)))])
      const text = readFileSync(join(directory, "slo.yml"), "utf8")

      assert.include(text, "[5000ms]")
      assert.include(text, "ratio_rate5m")
      assert.notMatch(text, /\[\d+[smhd]\]/u)
    }))
})
