/** The component of each view. */
import type { ComponentType } from "react"
import type { ViewName } from "../view-model/Route.ts"
import { Access } from "./Access.tsx"
import { Alerts } from "./Alerts.tsx"
import { Audit } from "./Audit.tsx"
import { Dead } from "./Dead.tsx"
import { Events } from "./Events.tsx"
import { JobDetail } from "./JobDetail.tsx"
import { Jobs } from "./Jobs.tsx"
import { JobTypes } from "./JobTypes.tsx"
import { Overview } from "./Overview.tsx"
import { Queues } from "./Queues.tsx"
import type { ViewProps } from "./ViewProps.ts"
import { Workers } from "./Workers.tsx"

export const viewComponents: Readonly<Record<ViewName, ComponentType<ViewProps>>> = {
  overview: Overview,
  jobs: Jobs,
  job: JobDetail,
  queues: Queues,
  types: JobTypes,
  workers: Workers,
  dead: Dead,
  alerts: Alerts,
  events: Events,
  audit: Audit,
  access: Access
}
