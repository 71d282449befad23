/**
 * The `Metrics` port on prom-client. One registry per process; every series carries the program that wrote it, so that
 * the embedded system shows all its programs on one page.
 */
import { catalogue, type MetricName, Metrics } from "#services/ports/Metrics.ts"
import { Context, Effect, Layer } from "effect"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client"

const nanosPerSecond = 1e9
/** The measurement looks this often; what it finds contains the time between two looks. */
const loopResolutionMillis = 10
/** Names of queues and types come from clients and workers: what comes after this many values of a label is `other`. */
const maxLabelValues = 500
const otherValue = "other"
const names = Object.keys(catalogue).filter((key): key is MetricName => key in catalogue)

/** The registry of this process with every metric of the catalogue in it. */
export class Prometheus extends Context.Service<Prometheus, {
  readonly registry: Registry
  readonly counters: ReadonlyMap<MetricName, Counter>
  readonly gauges: ReadonlyMap<MetricName, Gauge>
  readonly histograms: ReadonlyMap<MetricName, Histogram>
  /** 99th percentile of the event loop's delay since the last reading. */
  readonly loopLagSeconds: () => number
}>()("odto/infra/Prometheus") {
  static readonly layer = Layer.effect(
    Prometheus,
    Effect.gen(function*() {
      const registry = yield* Effect.acquireRelease(
        Effect.sync(() => new Registry()),
        (open) => Effect.sync(() => open.clear())
      )
      collectDefaultMetrics({ register: registry })
      const loop = yield* Effect.acquireRelease(
        Effect.sync(() => {
          const histogram = monitorEventLoopDelay({ resolution: loopResolutionMillis })
          histogram.enable()
          return histogram
        }),
        (open) => Effect.sync(() => open.disable())
      )
      const counters = new Map<MetricName, Counter>()
      const gauges = new Map<MetricName, Gauge>()
      const histograms = new Map<MetricName, Histogram>()
      for (const name of names) {
        const definition = catalogue[name]
        const common = {
          name,
          help: definition.help,
          labelNames: [...definition.labels, "program"],
          registers: [registry]
        }
        if (definition.kind === "counter") counters.set(name, new Counter(common))
        else if (definition.kind === "gauge") gauges.set(name, new Gauge(common))
        else histograms.set(name, new Histogram({ ...common, buckets: [...definition.buckets] }))
      }
      return Prometheus.of({
        registry,
        counters,
        gauges,
        histograms,
        loopLagSeconds: () => {
          const lag = loop.percentile(99) / nanosPerSecond - loopResolutionMillis / 1_000
          loop.reset()
          return Math.max(0, lag)
        }
      })
    })
  )
}

/** Labels with a bounded number of values, so that no client can fill the memory of Prometheus. */
const boundLabels = (program: string) => {
  const known = new Map<string, Set<string>>()
  return (labels: Readonly<Record<string, string>>): Record<string, string> => {
    const bounded: Record<string, string> = { program }
    for (const [label, value] of Object.entries(labels)) {
      const values = known.get(label) ?? new Set()
      known.set(label, values)
      if (values.size < maxLabelValues) values.add(value)
      bounded[label] = values.has(value) ? value : otherValue
    }
    return bounded
  }
}

/** The metrics of one program. */
export const layer = (options: { readonly program: string; readonly version: string }) =>
  Layer.effect(
    Metrics,
    Effect.gen(function*() {
      const { counters, gauges, histograms, loopLagSeconds, registry } = yield* Prometheus
      const { program } = options
      const bounded = boundLabels(program)
      gauges.get("odto_build_info")?.set({ version: options.version, program }, 1)
      return Metrics.of({
        increment: (name, labels, by = 1) => counters.get(name)?.inc(bounded(labels), by),
        set: (name, labels, value) => gauges.get(name)?.set(bounded(labels), value),
        observe: (name, labels, value) => histograms.get(name)?.observe(bounded(labels), value),
        render: Effect.promise(() => {
          gauges.get("odto_event_loop_lag_seconds")?.set({ program }, loopLagSeconds())
          return registry.metrics()
        })
      })
    })
  )
