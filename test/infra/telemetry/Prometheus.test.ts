import * as Prometheus from "#infra/telemetry/Prometheus.ts"
import { catalogue, Metrics } from "#services/ports/Metrics.ts"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"

const gateway = Prometheus.layer({ program: "gateway", version: "1.2.3" })
const processor = Prometheus.layer({ program: "processor", version: "1.2.3" })

/** Both programs of one process. */
const both = Effect.gen(function*() {
  const registry = yield* Layer.build(Prometheus.Prometheus.layer)
  const of = (layer: typeof gateway) =>
    Effect.map(Layer.build(layer), (built) => Context.get(built, Metrics)).pipe(Effect.provide(registry))
  return { gateway: yield* of(gateway), processor: yield* of(processor) }
})
const one = gateway.pipe(Layer.provide(Prometheus.Prometheus.layer))

const sample =
  /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="(\\.|[^"\\\n])*",?)*\})? (NaN|Nan|[+-]?Inf|[-+0-9.e]+)$/u
const seriesOf = (page: string, name: string) => page.split("\n").filter((line) => line.startsWith(`${name}{`))

describe("The page of metrics", () => {
  it.effect("shows all programs of the process, each series under its program", () =>
    Effect.gen(function*() {
      const { gateway, processor } = yield* both
      gateway.increment("odto_jobs_accepted_total", { queue: "default" }, 2)
      processor.set("odto_worker_slots", {}, 8)
      processor.observe("odto_job_run_duration_seconds", { type: "demo.noop" }, 0.003)
      const page = yield* gateway.render

      assert.include(page, `odto_jobs_accepted_total{program="gateway",queue="default"} 2`)
      assert.include(page, `odto_worker_slots{program="processor"} 8`)
      assert.include(page, `odto_job_run_duration_seconds_count{program="processor",type="demo.noop"} 1`)
      assert.lengthOf(seriesOf(page, "odto_build_info"), 2)
    }))

  it.effect("has every name of the catalogue, with its kind and help, and ends like a page", () =>
    Effect.gen(function*() {
      const page = yield* (yield* Metrics).render
      const lines = page.split("\n")

      for (const [name, { help, kind }] of Object.entries(catalogue)) {
        assert.include(lines, `# HELP ${name} ${help}`)
        assert.include(lines, `# TYPE ${name} ${kind}`)
      }
      for (const line of lines) if (line !== "" && !line.startsWith("#")) assert.match(line, sample)
      assert.isTrue(page.endsWith("\n"))
    }).pipe(Effect.provide(one)))

  it.effect("stays valid whatever the labels hold", () =>
    Effect.gen(function*() {
      const metrics = yield* Metrics
      metrics.increment("odto_messages_undecodable_total", { source: `a"b\\c\nd` })
      const page = yield* metrics.render

      assert.include(page, `source="a\\"b\\\\c\\nd"`)
      for (const line of page.split("\n")) if (line !== "" && !line.startsWith("#")) assert.match(line, sample)
    }).pipe(Effect.provide(one)))

  it.effect("does not grow with the names that clients think of", () =>
    Effect.gen(function*() {
      const metrics = yield* Metrics
      for (let index = 0; index < 10_000; index++) {
        metrics.increment("odto_jobs_accepted_total", { queue: `queue-${index}` })
      }
      metrics.increment("odto_jobs_accepted_total", { queue: "queue-0" })
      const series = seriesOf(yield* metrics.render, "odto_jobs_accepted_total")

      assert.isAtMost(series.length, 501)
      assert.include(series, `odto_jobs_accepted_total{program="gateway",queue="queue-0"} 2`)
      assert.include(series, `odto_jobs_accepted_total{program="gateway",queue="other"} 9500`)
    }).pipe(Effect.provide(one)))

  it.live("shows how long the event loop was held up, and not how often it was looked at", () =>
    Effect.gen(function*() {
      const metrics = yield* Metrics
      const lag = Effect.map(
        metrics.render,
        (page) => Number(seriesOf(page, "odto_event_loop_lag_seconds")[0]?.split(" ")[1])
      )
      const readings: Array<number> = []
      // Something else may hold it up now and then.
      for (let reading = 0; reading < 10; reading++) {
        yield* Effect.sleep("50 millis")
        readings.push(yield* lag)
      }
      yield* Effect.sleep("30 millis")
      const until = performance.now() + 150
      while (performance.now() < until) continue
      yield* Effect.sleep("30 millis")
      const heldUp = yield* lag

      assert.isBelow(Math.min(...readings), 0.01)
      assert.isAtLeast(heldUp, 0.12)
    }).pipe(Effect.provide(one)))
})
