import { catalogue } from "#services/ports/Metrics.ts"
import { assert, describe, it } from "@effect/vitest"
import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "yaml"
import { dashboards } from "../../scripts/dashboards/all.ts"
import { groupsOf, manifests } from "../support/Monitoring.ts"
import { familyOf, metricsOf } from "./expressions.ts"

interface TestFile {
  readonly group_eval_order: ReadonlyArray<string>
  readonly tests: ReadonlyArray<{
    readonly alert_rule_test: ReadonlyArray<{
      readonly alertname: string
      readonly exp_alerts: ReadonlyArray<{ readonly exp_labels: Readonly<Record<string, string>> }>
    }>
  }>
}

/** What the file holds is taken to be what promtool has checked it for. */
const testsOf = (path: string): TestFile => parse(readFileSync(join(manifests, path), "utf8"), { merge: true })
const files = (pattern: string) => globSync(pattern, { cwd: manifests }).toSorted()

const groups = files("prometheus/rules/*.yml").flatMap(groupsOf)
const rules = groups.flatMap((group) => group.rules)
const alerts = rules.filter(({ alert }) => alert !== undefined)
const tests = files("prometheus/tests/*.yml").map(testsOf)
const words = tests.flatMap((file) => file.tests).map((test) => test.alert_rule_test)

const recorded = new Set(rules.flatMap(({ record }) => record ?? []))
/** What is not ours: of Prometheus itself, of prom-client, of RabbitMQ. A live system must show them: monitoring.test.ts. */
const foreign = /^(?:up|ALERTS|process_\w+|rabbitmq_\w+)$/u
const isKnown = (name: string) =>
  recorded.has(name) || foreign.test(name) || Object.hasOwn(catalogue, name) || Object.hasOwn(catalogue, familyOf(name))

describe("The names of metrics in an expression", () => {
  it("are found among words, labels and strings", () => {
    assert.deepStrictEqual(
      metricsOf(`histogram_quantile(0.9, sum by (le, type) (rate(a_bucket{type=~"$b", x!="c_d"}[5m]))) / on (job)
        group_left (program) (level:e_f:rate5m{q="1"} > 0) unless absent(up{job="g"}) or vector(0) * 1e3`),
      ["a_bucket", "level:e_f:rate5m", "up"]
    )
  })
})

describe("The rules", () => {
  it("speak of metrics that the programs export", () => {
    const unknown = rules.flatMap(({ alert, expr, record }) =>
      metricsOf(expr).filter((name) => !isKnown(name)).map((name) => `${alert ?? record}: ${name}`)
    )

    assert.isAbove(rules.length, 30)
    assert.deepStrictEqual(unknown, [])
  })

  it("ask for labels that the metrics have", () => {
    const added = ["program", "job", "instance", "le", "state", "alertstate", "severity", "alertname"]
    const wrong = rules.flatMap(({ alert, expr, record }) =>
      [...expr.matchAll(/\b(odto_\w+)\{([^}]*)\}/gu)].flatMap(([, name = "", selector = ""]) => {
        const definition = Object.entries(catalogue).find(([known]) => known === name || known === familyOf(name))
        const labels = new Set<string>([...definition?.[1].labels ?? [], ...added])
        return [...selector.matchAll(/(\w+)\s*(?:=|!)/gu)].flatMap(([, label = ""]) =>
          labels.has(label) ? [] : [`${alert ?? record}: ${name}{${label}}`]
        )
      })
    )

    assert.deepStrictEqual(wrong, [])
  })

  it("record under names of which each is used", () => {
    const used = new Set([
      ...rules.flatMap(({ expr }) => metricsOf(expr)),
      ...dashboards.flatMap(({ rows }) =>
        rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.flatMap(({ expr }) => metricsOf(expr))))
      )
    ])

    assert.deepStrictEqual([...recorded].filter((name) => !used.has(name)), [])
  })
})

describe("Every alert", () => {
  it("has a severity, a summary and a description", () => {
    const wrong = alerts.filter(({ annotations, labels }) =>
      !["critical", "warning", "none"].includes(labels?.["severity"] ?? "") ||
      (annotations?.["summary"] ?? "") === "" || (annotations?.["description"] ?? "") === ""
    )

    assert.deepStrictEqual(wrong.map(({ alert }) => alert), [])
  })

  it("leads to its section of the runbooks, and each section is of an alert", () => {
    const path = join(manifests, "../docs/runbooks.md")
    assert.isTrue(existsSync(path))
    const sections = [...readFileSync(path, "utf8").matchAll(/^## (\w+)$/gmu)].map(([, name]) => name)
    const names = new Set(alerts.map(({ alert }) => alert))

    for (const { alert = "", annotations } of alerts) {
      assert.strictEqual(annotations?.["runbook_url"], `docs/runbooks.md#${alert.toLowerCase()}`)
    }
    assert.sameMembers(sections, [...names])
  })

  it("has a test in which it fires with its severity, and one after that in which it does not", () => {
    for (const { alert, labels } of alerts) {
      const fires = words.some((test) => {
        const of = test.filter(({ alertname }) => alertname === alert)
        const at = of.findIndex(({ exp_alerts }) =>
          exp_alerts.some(({ exp_labels }) => exp_labels["severity"] === labels?.["severity"])
        )
        const isOver = of.slice(at + 1).some(({ exp_alerts }) => exp_alerts.length === 0)
        return at >= 0 && (isOver || alert === "Watchdog")
      })

      assert.isTrue(fires, `${alert} of severity ${labels?.["severity"]}`)
    }
  })

  it("is tested with the groups in one order, so that the tests always say the same", () => {
    for (const { group_eval_order } of tests) assert.sameMembers([...group_eval_order], groups.map(({ name }) => name))
  })
})

describe("The dashboards", () => {
  it("speak of metrics that there are", () => {
    const unknown = dashboards.flatMap(({ rows, title, variables }) =>
      [
        ...rows.flatMap(({ panels }) =>
          panels.flatMap(({ queries }) => queries.flatMap(({ expr }) => metricsOf(expr)))
        ),
        ...variables.map(({ metric }) => metric)
      ].filter((name) => !isKnown(name)).map((name) => `${title}: ${name}`)
    )

    assert.deepStrictEqual(unknown, [])
  })

  it("have variables that their panels use, and use none that they have not", () => {
    for (const { rows, title, variables } of dashboards) {
      const exprs = rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)))
      const used = new Set(exprs.flatMap((expr) => [...expr.matchAll(/\$(?!__)(\w+)/gu)].map(([, name]) => name)))

      assert.sameMembers([...used], variables.map(({ name }) => name), title)
    }
  })

  it("fill their rows, and none goes beyond the edge", () => {
    for (const { rows, title } of dashboards) {
      for (const row of rows) {
        const width = row.panels.reduce((sum, panel) => sum + (panel.width ?? Math.floor(24 / row.panels.length)), 0)
        assert.isAtMost(width, 24, `${title}: ${row.title}`)
        assert.isAtLeast(width, 20, `${title}: ${row.title}`)
      }
    }
  })
})
