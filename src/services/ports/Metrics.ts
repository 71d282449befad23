/**
 * Numbers about the program itself, for Prometheus. One catalogue holds every name, its kind, labels and help, so that
 * alerts and dashboards can be checked against it.
 *
 * Recording is synchronous and cheap; it is called in hot loops. A counter that stands still for long, and whose increase
 * alerts look for, is begun at zero: what appears as 1 has not increased for Prometheus.
 */
import { Context, Effect, Layer } from "effect"

/** Seconds; from a fast statement to a slow request. */
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const batchBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]

interface Definition {
  readonly kind: "counter" | "gauge" | "histogram"
  readonly help: string
  readonly labels: ReadonlyArray<string>
  readonly buckets?: ReadonlyArray<number>
}

const define = <const D extends Record<string, Definition>>(definitions: D): D => definitions

/** Every label has few values: programs, routes, methods, status classes, queues, types, operations. Never a job id. */
export const catalogue = define({
  odto_http_requests_total: { kind: "counter", help: "HTTP requests", labels: ["route", "method", "status"] },
  odto_http_request_duration_seconds: {
    kind: "histogram",
    help: "Time to the end of the response",
    labels: ["route", "method"],
    buckets: secondsBuckets
  },
  odto_http_requests_in_flight: { kind: "gauge", help: "HTTP requests being answered", labels: [] },
  odto_jobs_accepted_total: { kind: "counter", help: "Jobs committed by this gateway", labels: ["queue"] },
  odto_jobs_refused_total: { kind: "counter", help: "Submissions refused", labels: ["reason"] },
  odto_jobs_dispatched_total: { kind: "counter", help: "Jobs handed to the broker", labels: ["queue"] },
  odto_jobs_resent_total: { kind: "counter", help: "Hints sent again", labels: ["queue"] },
  odto_jobs_started_total: { kind: "counter", help: "Attempts started", labels: ["type"] },
  odto_jobs_finished_total: { kind: "counter", help: "Attempts ended", labels: ["type", "outcome"] },
  odto_job_run_duration_seconds: {
    kind: "histogram",
    help: "Duration of attempts",
    labels: ["type"],
    buckets: secondsBuckets
  },
  odto_job_wait_duration_seconds: {
    kind: "histogram",
    help: "Time from due to claimed",
    labels: ["type"],
    buckets: secondsBuckets
  },
  odto_batch_size: { kind: "histogram", help: "Items in one batch", labels: ["operation"], buckets: batchBuckets },
  odto_store_duration_seconds: {
    kind: "histogram",
    help: "Duration of one operation of a store",
    labels: ["store", "operation"],
    buckets: secondsBuckets
  },
  odto_store_errors_total: { kind: "counter", help: "Failed operations of a store", labels: ["store", "operation"] },
  odto_queue_jobs: { kind: "gauge", help: "Jobs of a queue by state", labels: ["queue", "state"] },
  odto_queue_oldest_seconds: { kind: "gauge", help: "Time since the oldest queued job was due", labels: ["queue"] },
  odto_queue_window_jobs: { kind: "gauge", help: "Size of the dispatch window", labels: ["queue"] },
  odto_queue_window_used_ratio: { kind: "gauge", help: "Part of the dispatch window in use", labels: ["queue"] },
  odto_queue_types_without_worker: {
    kind: "gauge",
    help: "Types with waiting jobs and no live worker",
    labels: ["queue"]
  },
  odto_queue_paused: { kind: "gauge", help: "1 while the queue is paused", labels: ["queue"] },
  odto_relay_lag_seconds: { kind: "gauge", help: "Age of the oldest event that is not yet relayed", labels: [] },
  odto_relay_leader: { kind: "gauge", help: "1 while this program leads the relay", labels: [] },
  odto_relayed_events_total: { kind: "counter", help: "Events sent to the event spine", labels: [] },
  odto_archived_events_total: { kind: "counter", help: "Events newly archived", labels: [] },
  odto_archive_refused_rows_total: { kind: "counter", help: "Log rows that the archive will not take", labels: [] },
  odto_archive_repaired_rows_total: {
    kind: "counter",
    help: "Log rows stored that had been lost on their way",
    labels: []
  },
  odto_archive_unverified_seconds: {
    kind: "gauge",
    help: "Age of the oldest log row that is not yet known to be in the archive",
    labels: []
  },
  odto_live_rows_applied_total: { kind: "counter", help: "Log rows counted in the live numbers", labels: [] },
  odto_live_lag_seconds: { kind: "gauge", help: "Age of the newest log row in the live numbers", labels: [] },
  odto_lease_expiries_total: { kind: "counter", help: "Leases of workers ended by the reaper", labels: [] },
  odto_jobs_taken_back_total: { kind: "counter", help: "Jobs of ended leases", labels: ["to"] },
  odto_completions_refused_total: { kind: "counter", help: "Late completions refused", labels: [] },
  odto_messages_undecodable_total: { kind: "counter", help: "Messages that could not be decoded", labels: ["source"] },
  odto_worker_slots: { kind: "gauge", help: "Slots of this worker", labels: [] },
  odto_worker_slots_busy: { kind: "gauge", help: "Slots in use", labels: [] },
  odto_sse_clients: { kind: "gauge", help: "Open event streams", labels: [] },
  odto_sse_resets_total: { kind: "counter", help: "Event streams that had to start anew", labels: ["reason"] },
  odto_event_loop_lag_seconds: { kind: "gauge", help: "Delay of the event loop, 99th percentile", labels: [] },
  odto_dependency_up: { kind: "gauge", help: "1 while the dependency answers", labels: ["dependency"] },
  odto_build_info: { kind: "gauge", help: "Always 1; the version is in the labels", labels: ["version"] }
})
export type Catalogue = typeof catalogue
export type MetricName = keyof Catalogue
type OfKind<K extends Definition["kind"]> = {
  [N in MetricName]: Catalogue[N]["kind"] extends K ? N : never
}[MetricName]
export type CounterName = OfKind<"counter">
export type GaugeName = OfKind<"gauge">
export type HistogramName = OfKind<"histogram">
export type LabelsOf<N extends MetricName> = { readonly [L in Catalogue[N]["labels"][number]]: string }

export class Metrics extends Context.Service<Metrics, {
  readonly increment: <N extends CounterName>(name: N, labels: LabelsOf<N>, by?: number) => void
  readonly set: <N extends GaugeName>(name: N, labels: LabelsOf<N>, value: number) => void
  readonly observe: <N extends HistogramName>(name: N, labels: LabelsOf<N>, value: number) => void
  /** Prometheus text format. */
  readonly render: Effect.Effect<string>
}>()("odto/services/Metrics") {
  /** Keeps the last value of gauges and the sums of the rest; `render` prints one line each. */
  static readonly layerMemory = Layer.sync(Metrics, () => {
    const values = new Map<string, number>()
    const keyOf = (name: string, labels: Readonly<Record<string, string>>) =>
      `${name}{${Object.entries(labels).map(([key, value]) => `${key}="${value}"`).join(",")}}`
    const add = (name: string, labels: Readonly<Record<string, string>>, by: number) => {
      const key = keyOf(name, labels)
      values.set(key, (values.get(key) ?? 0) + by)
    }
    return Metrics.of({
      increment: (name, labels, by = 1) => add(name, labels, by),
      set: (name, labels, value) => void values.set(keyOf(name, labels), value),
      observe: (name, labels, value) => {
        add(`${name}_count`, labels, 1)
        add(`${name}_sum`, labels, value)
      },
      render: Effect.sync(() => [...values].map(([key, value]) => `${key} ${value}`).join("\n") + "\n")
    })
  })
}
