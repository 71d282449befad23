/** What waits, where, for how long, and what keeps it. */
import type { Dashboard } from "./Dashboard.ts"

const queues = `queue=~"$queue"`

export const queuesDashboard: Dashboard = {
  uid: "odto-queues",
  title: "Observatory: queues",
  about: "What waits, where, for how long, and what keeps it.",
  variables: [{ name: "queue", label: "Queue", metric: "odto_queue_jobs" }],
  rows: [
    {
      title: "Waiting",
      panels: [
        {
          title: "Jobs waiting",
          about: "Due and not yet claimed.",
          kind: "timeseries",
          unit: "short",
          queries: [{ expr: `queue:odto_queue_waiting_jobs:sum{${queues}}`, legend: "{{queue}}" }]
        },
        {
          title: "Age of the oldest job",
          about: "Since it was due.",
          kind: "timeseries",
          unit: "s",
          alarmFrom: 300,
          queries: [{ expr: `queue:odto_queue_oldest_seconds:max{${queues}}`, legend: "{{queue}}" }]
        },
        {
          title: "Jobs by state",
          about: "As PostgreSQL counts them.",
          kind: "timeseries",
          unit: "short",
          queries: [{
            expr: `queue_state:odto_queue_jobs:max{${queues}, state!~"completed|cancelled"}`,
            legend: "{{queue}} {{state}}"
          }]
        }
      ]
    },
    {
      title: "Flow",
      panels: [
        {
          title: "Accepted per second",
          about: "Jobs committed by the gateways.",
          kind: "timeseries",
          unit: "ops",
          queries: [{
            expr: `sum by (queue) (rate(odto_jobs_accepted_total{${queues}}[$__rate_interval]))`,
            legend: "{{queue}}"
          }]
        },
        {
          title: "Handed to the broker per second",
          about: "By the dispatchers, as the window has room.",
          kind: "timeseries",
          unit: "ops",
          queries: [{
            expr: `sum by (queue) (rate(odto_jobs_dispatched_total{${queues}}[$__rate_interval]))`,
            legend: "{{queue}}"
          }]
        },
        {
          title: "Window in use",
          about: "Part of the dispatch window that is with the broker. Full while jobs wait is as it should be.",
          kind: "timeseries",
          unit: "percentunit",
          queries: [{ expr: `max by (queue) (odto_queue_window_used_ratio{${queues}})`, legend: "{{queue}}" }]
        },
        {
          title: "Size of the window",
          about: "Half a second of work, two per slot at least.",
          kind: "timeseries",
          unit: "short",
          queries: [{ expr: `max by (queue) (odto_queue_window_jobs{${queues}})`, legend: "{{queue}}" }]
        }
      ]
    },
    {
      title: "What keeps it",
      panels: [
        {
          title: "Paused",
          about: "1 while an operator has paused the queue.",
          kind: "timeseries",
          unit: "none",
          queries: [{ expr: `queue:odto_queue_paused:max{${queues}}`, legend: "{{queue}}" }]
        },
        {
          title: "Types without a worker",
          about: "Types with waiting jobs that no live worker takes.",
          kind: "timeseries",
          unit: "none",
          alarmFrom: 1,
          queries: [{ expr: `max by (queue) (odto_queue_types_without_worker{${queues}})`, legend: "{{queue}}" }]
        },
        {
          title: "Slots of workers",
          about: "Busy, and there at all.",
          kind: "timeseries",
          unit: "short",
          queries: [
            { expr: "sum(odto_worker_slots_busy)", legend: "busy" },
            { expr: "sum(odto_worker_slots)", legend: "all" }
          ]
        },
        {
          title: "Dead jobs",
          about: "Used up their attempts. `odd-dashboard jobs --status dead` lists them, `replay` runs one again.",
          kind: "timeseries",
          unit: "short",
          queries: [{ expr: `queue_state:odto_queue_jobs:max{${queues}, state="dead"}`, legend: "{{queue}}" }]
        }
      ]
    }
  ]
}
