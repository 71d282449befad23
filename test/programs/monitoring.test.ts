/** Prometheus and Alertmanager beside the five programs: every panel has data, and trouble is told and taken back. */
import type { ProgramName } from "#cli/programs/identity.ts"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Scope } from "effect"
import { globSync } from "node:fs"
import { dashboards } from "../../scripts/dashboards/all.ts"
import { metricsOf } from "../manifests/expressions.ts"
import { command, jsonLines } from "../support/CommandLine.ts"
import { addressOf, askPrometheus, manifests, monitoring, rulesOf, type Sample } from "../support/Monitoring.ts"
import { eventually, getJson, postJson } from "../support/Programs.ts"
import { describeWithServers, freshDatabase, freshMongoDatabase, ownServer } from "../support/Servers.ts"
import { kill, serve, type ServerProgram, settingsOf, times, untilReady } from "../support/System.ts"

/** Sixty seconds of the shipped rules take one. */
const speed = 60
const webhookToken = "a-token-of-the-test"

const makeSystem = Effect.gen(function*() {
  const [database, rabbitmq, redis, mongodb] = yield* Effect.all(
    [freshDatabase, ownServer("rabbitmq"), ownServer("redis"), freshMongoDatabase],
    { concurrency: "unbounded" }
  )
  const settings = {
    ...settingsOf({ database, amqp: rabbitmq.url, redis: redis.url, mongodb }),
    ODTO_ALERT_WEBHOOK_TOKEN: webhookToken
  }
  const scope = yield* Effect.scope
  const begin = (name: ProgramName, port?: number) => Scope.provide(serve(name, settings, port), scope)
  const programs: Record<ProgramName, ServerProgram> = yield* Effect.all({
    gateway: begin("gateway"),
    dispatcher: begin("dispatcher"),
    processor: begin("processor"),
    "metrics-engine": begin("metrics-engine"),
    "read-model": begin("read-model")
  })
  yield* Effect.forEach(Object.values(programs), untilReady, { concurrency: "unbounded" })
  const broker = [addressOf(rabbitmq.metricsUrl ?? "")]
  const { alertmanager, ask, prometheus } = yield* monitoring({
    targets: {
      ...Object.fromEntries(Object.entries(programs).map(([name, { url }]) => [name, [addressOf(url)]])),
      rabbitmq: broker,
      "rabbitmq-detailed": broker
    },
    readModelUrl: programs["read-model"].url,
    webhookToken,
    speed
  })
  const gatewayUrl = programs.gateway.url
  const readModelUrl = programs["read-model"].url
  /** Kills a program; answers how to start it again where it was. */
  const killed = (name: ProgramName) =>
    Effect.as(
      kill(programs[name]),
      begin(name, Number(new URL(programs[name].url).port)).pipe(Effect.tap((program) =>
        Effect.sync(() => {
          programs[name] = program
        })
      ))
    )
  return { alertmanager, ask, gatewayUrl, killed, prometheus, programs, rabbitmq, readModelUrl, redis }
})

class System extends Context.Service<System, Effect.Success<typeof makeSystem>>()("test/System") {
  static readonly layer = Layer.effect(System, makeSystem)
}

/** Of everything something: jobs that complete, fail, are tried again and die. */
const mixture = [
  ...times(8, { type: "demo.noop" }),
  ...times(2, { type: "demo.sleep", payload: { ms: 50 } }),
  ...times(2, { type: "demo.flaky", payload: { failures: 1 } }),
  { type: "demo.fail", maxAttempts: 1 }
]
/** Submits for as long as the scope is open. */
const load = (jobs: ReadonlyArray<object>) =>
  Effect.gen(function*() {
    const { gatewayUrl } = yield* System
    return yield* Effect.promise(() => postJson(`${gatewayUrl}/jobs/batch`, { jobs })).pipe(
      Effect.andThen(Effect.sleep("200 millis")),
      Effect.forever,
      Effect.forkScoped
    )
  })

interface Alert {
  readonly status: "firing" | "resolved"
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string | null
  readonly receivedAt: string
}
const alertsOf = (readModelUrl: string) =>
  getJson<{ readonly alerts: ReadonlyArray<Alert> }>(`${readModelUrl}/alerts?limit=1000`).then(({ alerts }) => alerts)

const matching = (alerts: ReadonlyArray<Alert>, labels: Readonly<Record<string, string>>) =>
  alerts.find((alert) => Object.entries(labels).every(([name, value]) => alert.labels[name] === value))

/** Until the newest alert with these labels is so. The shipped rules take a minute or some, which is a second here. */
const untilAlert = (labels: Readonly<Record<string, string>>, status: Alert["status"]) =>
  Effect.gen(function*() {
    const { readModelUrl } = yield* System
    const found = yield* eventually(
      `${JSON.stringify(labels)} is ${status}`,
      () => alertsOf(readModelUrl).then((alerts) => matching(alerts, labels)),
      (alert) => alert?.status === status
    )
    assert.isDefined(found)
    return found
  })

/** As Grafana would ask for it: for all programs, queues and types. */
const grafanaQuery = (expression: string) =>
  expression.replaceAll("$__rate_interval", "4s").replaceAll(/\$(?:program|queue|type)\b/gu, ".+")

const hasData = (samples: ReadonlyArray<Sample>) => samples.some(({ value }) => Number.isFinite(value))

const kinds = ["postgres", "rabbitmq", "redis", "mongodb", "prometheus", "alertmanager"] as const

describeWithServers(kinds, "Monitoring of the five programs", () => {
  layer(System.layer, { excludeTestServices: true, timeout: "120 seconds" })((it) => {
    it.effect("has data for every query of every panel while the system works", () =>
      Effect.gen(function*() {
        const { ask } = yield* System
        const queries = dashboards.flatMap(({ rows, title }) =>
          rows.flatMap(({ panels }) =>
            panels.flatMap((panel) => panel.queries.map(({ expr }) => ({ panel: `${title}: ${panel.title}`, expr })))
          )
        )
        const working = yield* load(mixture)

        yield* eventually(
          "every panel has data",
          async () => {
            const answers = await Promise.all(queries.map(({ expr }) => ask(grafanaQuery(expr))))
            return queries.filter((_, index) => !hasData(answers[index] ?? []))
          },
          (empty) => empty.length === 0
        )
        yield* Fiber.interrupt(working)
        assert.isAbove(queries.length, 50)
      }), 90_000)

    it.effect("finds every metric that a rule speaks of", () =>
      Effect.gen(function*() {
        const { prometheus } = yield* System
        const names = new Set(
          globSync("prometheus/rules/*.yml", { cwd: manifests }).flatMap((path) => rulesOf(path)).flatMap(({ expr }) =>
            metricsOf(expr)
          )
        )
        const missing = yield* eventually(
          "every metric is there",
          async () => {
            const counts = await Promise.all([...names].map((name) => askPrometheus(prometheus.url, `count(${name})`)))
            return [...names].filter((_, index) => (counts[index]?.[0]?.value ?? 0) === 0)
          },
          (absent) => absent.length === 0
        )

        assert.isAbove(names.size, 40)
        assert.deepStrictEqual(missing, [])
      }))

    it.effect(
      "hears of a killed dispatcher within seconds, shows it everywhere, and of its return",
      () =>
        Effect.gen(function*() {
          const { killed, readModelUrl } = yield* System
          const startAgain = yield* killed("dispatcher")
          const fired = yield* untilAlert({ alertname: "ServiceDown", job: "dispatcher" }, "firing")
          const listed = jsonLines(
            yield* command(["alerts", "--json"], { settings: { ODTO_READ_MODEL_URL: readModelUrl } })
          )
          const shown = yield* command(["alerts"], { settings: { ODTO_READ_MODEL_URL: readModelUrl } })
          yield* startAgain
          const over = yield* untilAlert({ alertname: "ServiceDown", job: "dispatcher" }, "resolved")

          assert.strictEqual(fired.labels["severity"], "critical")
          assert.strictEqual(fired.annotations["summary"], "dispatcher is down")
          assert.isBelow(Date.parse(fired.receivedAt) - Date.parse(fired.startsAt), 5_000)
          assert.deepInclude(matching(listed[0].alerts, { alertname: "ServiceDown" }), { status: "firing" })
          assert.match(shown.stdout, /firing +ServiceDown/u)
          assert.match(shown.stdout, /the watchdog was heard .+ ago\n/u)
          assert.isNotNull(over.endsAt)
        }),
      90_000
    )

    it.effect("hears of a backlog that grows while no worker is there, and of its end", () =>
      Effect.gen(function*() {
        const { killed } = yield* System
        const startAgain = yield* killed("processor")
        const coming = yield* load(times(20, { type: "demo.noop", queue: "mail" }))
        const [grows, stranded, expired] = yield* Effect.all([
          untilAlert({ alertname: "QueueBacklogGrowing", queue: "mail" }, "firing"),
          untilAlert({ alertname: "NoWorkerForType", queue: "mail" }, "firing"),
          untilAlert({ alertname: "LeasesExpiring" }, "firing")
        ], { concurrency: "unbounded" })
        yield* Fiber.interrupt(coming)
        yield* startAgain
        yield* Effect.all([
          untilAlert({ alertname: "QueueBacklogGrowing", queue: "mail" }, "resolved"),
          untilAlert({ alertname: "NoWorkerForType", queue: "mail" }, "resolved"),
          untilAlert({ alertname: "LeasesExpiring" }, "resolved")
        ], { concurrency: "unbounded" })

        assert.match(grows.annotations["description"] ?? "", /^\d{3,} jobs wait in queue mail/u)
        assert.strictEqual(stranded.annotations["summary"], "Jobs of queue mail have no worker")
        assert.match(expired.annotations["description"] ?? "", /^1 workers crashed/u)
      }), 120_000)

    it.effect("hears of jobs that die, and that fail", () =>
      Effect.gen(function*() {
        const failing = yield* load(times(10, { type: "demo.fail", maxAttempts: 1, queue: "reports" }))
        const [dead, fails] = yield* Effect.all([
          untilAlert({ alertname: "DeadJobsGrowing", queue: "reports" }, "firing"),
          untilAlert({ alertname: "JobFailureRatioHigh", type: "demo.fail" }, "firing")
        ], { concurrency: "unbounded" })
        yield* Fiber.interrupt(failing)
        yield* Effect.all([
          untilAlert({ alertname: "DeadJobsGrowing", queue: "reports" }, "resolved"),
          untilAlert({ alertname: "JobFailureRatioHigh", type: "demo.fail" }, "resolved")
        ], { concurrency: "unbounded" })

        assert.strictEqual(dead.labels["severity"], "warning")
        assert.match(fails.annotations["description"] ?? "", /^100%/u)
      }), 120_000)

    it.effect("hears of a store that is away, from all who need it", () =>
      Effect.gen(function*() {
        const { redis } = yield* System
        yield* redis.crash
        const fired = yield* untilAlert({ alertname: "StoreDown", dependency: "redis" }, "firing")
        yield* redis.start
        yield* untilAlert({ alertname: "StoreDown", dependency: "redis" }, "resolved")

        assert.strictEqual(fired.labels["severity"], "warning")
        assert.include(fired.annotations["description"], "cannot reach redis. Jobs run")
      }), 90_000)

    it.effect("hears the watchdog again and again, and notices its silence", () =>
      Effect.gen(function*() {
        const { alertmanager, readModelUrl } = yield* System
        const first = yield* untilAlert({ alertname: "Watchdog" }, "firing")
        const later = yield* eventually(
          "the watchdog again",
          () => alertsOf(readModelUrl).then((alerts) => matching(alerts, { alertname: "Watchdog" })),
          (alert) => (alert?.receivedAt ?? "") > first.receivedAt
        )
        yield* alertmanager.stop
        const last = matching(yield* Effect.promise(() => alertsOf(readModelUrl)), { alertname: "Watchdog" })
        yield* Effect.sleep("4 seconds") // four times the time in which it is repeated here
        const silent = matching(yield* Effect.promise(() => alertsOf(readModelUrl)), { alertname: "Watchdog" })

        assert.strictEqual(later?.labels["severity"], "none")
        assert.strictEqual(silent?.receivedAt, last?.receivedAt)
      }), 90_000)
  })
}, { own: true })
