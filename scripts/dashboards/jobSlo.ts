/** What was agreed about jobs, how it is kept, and which types are to blame. */
import type { Dashboard, Panel } from "./Dashboard.ts"

const types = `type=~"$type"`
const objective = 0.01

const budget = (title: string, about: string, slo: string): Panel => ({
  title,
  about,
  kind: "stat",
  unit: "percentunit",
  alarmFrom: objective,
  queries: [{ expr: `slo:${slo}:ratio_rate3d`, legend: "3 days" }]
})

const burn = (title: string, about: string, slo: string): Panel => ({
  title,
  about,
  kind: "timeseries",
  unit: "none",
  alarmFrom: 1,
  queries: ["5m", "1h", "6h", "3d"].map((window) => ({
    expr: `slo:${slo}:ratio_rate${window} / ${objective}`,
    legend: window
  }))
})

const quantiles = (metric: string) =>
  [0.5, 0.95, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (rate(${metric}_bucket{${types}}[$__rate_interval])))`,
    legend: `p${quantile * 100}`
  }))

export const jobSlo: Dashboard = {
  uid: "odto-job-slo",
  title: "Observatory: service levels of jobs",
  about: "99 % of attempts start within a second of when they were due; 99 % of submissions are answered in 250 ms.",
  variables: [{ name: "type", label: "Job type", metric: "odto_jobs_started_total" }],
  rows: [
    {
      title: "Service levels",
      panels: [
        { ...budget("Starts that were late", "1 % is agreed.", "odto_job_start_slow"), width: 4 },
        { ...budget("Submissions slow or failed", "1 % is agreed.", "odto_submit_bad"), width: 4 },
        {
          ...burn(
            "Burn rate of starts",
            "1 uses up the month's budget in a month; from 14.4 over an hour somebody is called.",
            "odto_job_start_slow"
          ),
          width: 8
        },
        {
          ...burn("Burn rate of submissions", "As beside.", "odto_submit_bad"),
          width: 8
        }
      ]
    },
    {
      title: "Durations",
      panels: [
        {
          title: "From due to started",
          about: "Of the chosen types.",
          kind: "timeseries",
          unit: "s",
          queries: quantiles("odto_job_wait_duration_seconds")
        },
        {
          title: "Run time of attempts",
          about: "Of the chosen types.",
          kind: "timeseries",
          unit: "s",
          queries: quantiles("odto_job_run_duration_seconds")
        },
        {
          title: "Run time by type",
          about: "95th percentile.",
          kind: "timeseries",
          unit: "s",
          queries: [{
            expr:
              `histogram_quantile(0.95, sum by (type, le) (rate(odto_job_run_duration_seconds_bucket{${types}}[$__rate_interval])))`,
            legend: "{{type}}"
          }]
        }
      ]
    },
    {
      title: "Outcomes",
      panels: [
        {
          title: "Attempts that ended, per second",
          about: "By outcome: retry and die are failures, release is a worker that gave its job back.",
          kind: "timeseries",
          unit: "ops",
          queries: [{
            expr: `sum by (outcome) (rate(odto_jobs_finished_total{${types}}[$__rate_interval]))`,
            legend: "{{outcome}}"
          }]
        },
        {
          title: "Part of attempts that failed",
          about: "Over five minutes.",
          kind: "timeseries",
          unit: "percentunit",
          alarmFrom: 0.1,
          queries: [{ expr: `type:odto_attempts_failed:ratio_rate5m{${types}}`, legend: "{{type}}" }]
        },
        {
          title: "Leases lost and late outcomes refused",
          about: "In the last ten minutes: crashed, hung or cut off workers.",
          kind: "timeseries",
          unit: "short",
          queries: [
            { expr: "sum(increase(odto_lease_expiries_total[10m]))", legend: "leases ended" },
            { expr: "sum by (to) (increase(odto_jobs_taken_back_total[10m]))", legend: "jobs to {{to}}" },
            { expr: "sum(increase(odto_completions_refused_total[10m]))", legend: "late outcomes" }
          ]
        }
      ]
    }
  ]
}
