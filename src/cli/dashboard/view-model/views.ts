/** Every view: its name for people, what it reads, and the table that it is, where it is one. */
import type { JobListName } from "./Message.ts"
import type { Frame, ViewName } from "./Route.ts"
import type { SourceName } from "./sources.ts"
import type { Table } from "./Table.ts"
import { access } from "./tables/access.ts"
import { alerts } from "./tables/alerts.ts"
import { audit } from "./tables/audit.ts"
import { events } from "./tables/events.ts"
import { dead, jobs } from "./tables/jobs.ts"
import { types } from "./tables/jobTypes.ts"
import { queues } from "./tables/queues.ts"
import { workers } from "./tables/workers.ts"

export interface View {
  readonly title: string
  /** Of one line, for the palette and the help. */
  readonly about: string
  /** What it shows; read while it is on the screen. */
  readonly sources: ReadonlyArray<SourceName>
  /** The list of jobs that it shows. */
  readonly list?: JobListName
  readonly table?: Table
  /** Reached by drilling down only. */
  readonly isInner?: true
}

export const views: Readonly<Record<ViewName, View>> = {
  overview: {
    title: "Overview",
    about: "rates, depths, latencies, alerts, dependencies",
    sources: ["stats", "throughput", "queues", "alerts", "gateway", "readModel"]
  },
  jobs: { title: "Jobs", about: "all jobs, newest first", sources: [], list: "jobs", table: jobs },
  job: { title: "Job", about: "one job whole", sources: ["job", "timeline"], isInner: true },
  queues: { title: "Queues", about: "what waits, what is paused", sources: ["queues"], table: queues },
  types: { title: "Types", about: "what can be submitted, and who runs it", sources: ["types"], table: types },
  workers: { title: "Workers", about: "who runs jobs, and how busy", sources: ["workers"], table: workers },
  dead: {
    title: "Dead jobs",
    about: "jobs that will not run again unless replayed",
    sources: [],
    list: "dead",
    table: dead
  },
  alerts: { title: "Alerts", about: "what Alertmanager delivered", sources: ["alerts"], table: alerts },
  events: { title: "Events", about: "everything as it happens", sources: [], table: events },
  audit: { title: "Audit log", about: "what people did", sources: ["audit"], table: audit },
  access: {
    title: "Access points",
    about: "the addresses of everything",
    sources: ["gateway", "readModel"],
    table: access
  }
}

/** The table of a view, when it is one. */
export const tableOf = ({ view }: Frame): Table | undefined => views[view].table
