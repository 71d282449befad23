/** Is all well? One screen that says so, with the numbers that would show it first. */
import type { Dashboard } from "./Dashboard.ts"

export const overview: Dashboard = {
  uid: "odto-overview",
  title: "Observatory: overview",
  about: "Is all well? Jobs in and out, what waits and for how long, and whether everything answers.",
  variables: [],
  rows: [
    {
      title: "Now",
      panels: [
        {
          title: "Alerts firing",
          about: "Without the watchdog, which always fires.",
          kind: "stat",
          unit: "none",
          alarmFrom: 1,
          queries: [{ expr: `count(ALERTS{alertstate="firing", severity!="none"}) or vector(0)`, legend: "firing" }]
        },
        {
          title: "Instances down",
          about: "Targets that do not answer Prometheus.",
          kind: "stat",
          unit: "none",
          alarmFrom: 1,
          queries: [{ expr: "count(up == 0) or vector(0)", legend: "down" }]
        },
        {
          title: "Accepted per second",
          about: "Jobs committed by the gateways.",
          kind: "stat",
          unit: "ops",
          queries: [{ expr: "sum(rate(odto_jobs_accepted_total[$__rate_interval]))", legend: "accepted" }]
        },
        {
          title: "Completed per second",
          about: "Attempts that completed their job.",
          kind: "stat",
          unit: "ops",
          queries: [{
            expr: `sum(rate(odto_jobs_finished_total{outcome="complete"}[$__rate_interval]))`,
            legend: "completed"
          }]
        },
        {
          title: "Jobs waiting",
          about: "Due and not yet claimed, in all queues.",
          kind: "stat",
          unit: "short",
          queries: [{ expr: "sum(queue:odto_queue_waiting_jobs:sum)", legend: "waiting" }]
        },
        {
          title: "Dead jobs",
          about: "Jobs that used up their attempts, in all queues.",
          kind: "stat",
          unit: "short",
          alarmFrom: 1,
          queries: [{ expr: `sum(queue_state:odto_queue_jobs:max{state="dead"})`, legend: "dead" }]
        }
      ]
    },
    {
      title: "Flow",
      panels: [
        {
          title: "Jobs per second",
          about: "What comes in and what ends. Apart for long means that a backlog grows or shrinks.",
          kind: "timeseries",
          unit: "ops",
          queries: [
            { expr: "sum(rate(odto_jobs_accepted_total[$__rate_interval]))", legend: "accepted" },
            { expr: "sum(rate(odto_jobs_dispatched_total[$__rate_interval]))", legend: "dispatched" },
            { expr: "sum(rate(odto_jobs_started_total[$__rate_interval]))", legend: "started" },
            {
              expr: `sum(rate(odto_jobs_finished_total{outcome="complete"}[$__rate_interval]))`,
              legend: "completed"
            }
          ]
        },
        {
          title: "Jobs by state",
          about: "As PostgreSQL counts them.",
          kind: "timeseries",
          unit: "short",
          queries: [{
            expr: `sum by (state) (queue_state:odto_queue_jobs:max{state!~"completed|cancelled"})`,
            legend: "{{state}}"
          }]
        },
        {
          title: "Age of the oldest job that is due",
          about: "Of the queue where it is greatest.",
          kind: "timeseries",
          unit: "s",
          queries: [{ expr: "max(queue:odto_queue_oldest_seconds:max)", legend: "oldest" }]
        }
      ]
    },
    {
      title: "Parts",
      panels: [
        {
          title: "Instances by program",
          about: "How many of each job of Prometheus answer.",
          kind: "timeseries",
          unit: "none",
          queries: [{ expr: "sum by (job) (up)", legend: "{{job}}" }]
        },
        {
          title: "Dependencies",
          about: "1 while the program reaches the store; the least over its instances.",
          kind: "timeseries",
          unit: "none",
          queries: [{
            expr: "min by (program, dependency) (odto_dependency_up)",
            legend: "{{program}} → {{dependency}}"
          }]
        },
        {
          title: "Events behind",
          about: "How far the spine, the archive and the live numbers are behind the truth.",
          kind: "timeseries",
          unit: "s",
          queries: [
            { expr: "max(odto_relay_lag_seconds)", legend: "relay" },
            { expr: "max(odto_archive_unverified_seconds)", legend: "archive" },
            { expr: "max(odto_live_lag_seconds)", legend: "live numbers" }
          ]
        }
      ]
    }
  ]
}
