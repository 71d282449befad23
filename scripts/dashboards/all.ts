/** Every dashboard, as the file that Grafana reads. */
import { type Dashboard, dashboardJson } from "./Dashboard.ts"
import { jobSlo } from "./jobSlo.ts"
import { overview } from "./overview.ts"
import { programsDashboard } from "./programs.ts"
import { queuesDashboard } from "./queues.ts"
import { rabbitMq } from "./rabbitMq.ts"

export const dashboards: ReadonlyArray<Dashboard> = [overview, programsDashboard, queuesDashboard, jobSlo, rabbitMq]

/** Texts by the names of their files. */
export const dashboardFiles = (): ReadonlyMap<string, string> =>
  new Map(
    dashboards.map((dashboard) => [`${dashboard.uid}.json`, `${JSON.stringify(dashboardJson(dashboard), null, 2)}\n`])
  )
