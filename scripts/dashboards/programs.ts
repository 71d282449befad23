/** Rate, errors and duration of each program, and what its processes use. */
import type { Dashboard } from "./Dashboard.ts"

const programs = `program=~"$program"`

export const programsDashboard: Dashboard = {
  uid: "odto-programs",
  title: "Observatory: programs",
  about: "Rate, errors and duration of each program; what its processes take; the stores as it sees them.",
  variables: [{ name: "program", label: "Program", metric: "odto_build_info" }],
  rows: [
    {
      title: "Requests",
      panels: [
        {
          title: "Requests per second",
          about: "Every answer, those to probes and to Prometheus included.",
          kind: "timeseries",
          unit: "reqps",
          queries: [{
            expr: `sum by (program, route) (rate(odto_http_requests_total{${programs}}[$__rate_interval]))`,
            legend: "{{program}} {{route}}"
          }]
        },
        {
          title: "Part that failed",
          about: "Answers with a 5xx status.",
          kind: "timeseries",
          unit: "percentunit",
          queries: [{ expr: `program:odto_http_errors:ratio_rate5m{${programs}}`, legend: "{{program}}" }]
        },
        {
          title: "Duration",
          about: "Half of the requests, and all but one of a hundred, are answered within this time.",
          kind: "timeseries",
          unit: "s",
          queries: [0.5, 0.99].map((quantile) => ({
            expr:
              `histogram_quantile(${quantile}, sum by (program, le) (rate(odto_http_request_duration_seconds_bucket{${programs}}[$__rate_interval])))`,
            legend: `{{program}} p${quantile * 100}`
          }))
        },
        {
          title: "Requests in flight",
          about: "Being answered at this moment.",
          kind: "timeseries",
          unit: "short",
          queries: [{ expr: `sum by (program) (odto_http_requests_in_flight{${programs}})`, legend: "{{program}}" }]
        }
      ]
    },
    {
      title: "Processes",
      panels: [
        {
          title: "Processor time",
          about: "Seconds of one core in each second.",
          kind: "timeseries",
          unit: "percentunit",
          queries: [{
            expr:
              `rate(process_cpu_seconds_total[$__rate_interval]) * on (job, instance) group_left (program) odto_build_info{${programs}}`,
            legend: "{{program}} {{instance}}"
          }]
        },
        {
          title: "Memory",
          about: "Resident set.",
          kind: "timeseries",
          unit: "bytes",
          queries: [{
            expr:
              `process_resident_memory_bytes * on (job, instance) group_left (program) odto_build_info{${programs}}`,
            legend: "{{program}} {{instance}}"
          }]
        },
        {
          title: "Delay of the event loop",
          about: "99th percentile since the scrape before.",
          kind: "timeseries",
          unit: "s",
          queries: [{
            expr: `max by (program, instance) (odto_event_loop_lag_seconds{${programs}})`,
            legend: "{{program}} {{instance}}"
          }]
        },
        {
          title: "Versions",
          about: "Two of one program for long is a rollout that stands still.",
          kind: "table",
          unit: "none",
          queries: [{ expr: `count by (program, version) (odto_build_info{${programs}})`, legend: "" }]
        }
      ]
    },
    {
      title: "Batches and stores",
      panels: [
        {
          title: "Items in one batch",
          about: "The mean. Batches form by what waits: they grow with load.",
          kind: "timeseries",
          unit: "short",
          queries: [{
            expr:
              `sum by (operation) (rate(odto_batch_size_sum[$__rate_interval])) / (sum by (operation) (rate(odto_batch_size_count[$__rate_interval])) > 0)`,
            legend: "{{operation}}"
          }]
        },
        {
          title: "Duration of store operations",
          about: "99th percentile.",
          kind: "timeseries",
          unit: "s",
          queries: [{
            expr:
              "histogram_quantile(0.99, sum by (store, operation, le) (rate(odto_store_duration_seconds_bucket[$__rate_interval])))",
            legend: "{{store}} {{operation}}"
          }]
        },
        {
          title: "Store operations that failed",
          about: "They are tried again; for long it is a store in trouble.",
          kind: "timeseries",
          unit: "ops",
          queries: [{
            expr: "sum by (store, operation) (rate(odto_store_errors_total[$__rate_interval]))",
            legend: "{{store}} {{operation}}"
          }]
        },
        {
          title: "Open event streams",
          about: "Screens and programs that follow the read model.",
          kind: "timeseries",
          unit: "short",
          queries: [{ expr: "sum by (instance) (odto_sse_clients)", legend: "{{instance}}" }]
        }
      ]
    }
  ]
}
