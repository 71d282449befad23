/** The component of each view. */
import type { ComponentType } from "react"
import type { ViewName } from "../view-model/Route.ts"
import { Dead } from "./Dead.tsx"
import { JobDetail } from "./JobDetail.tsx"
import { Jobs } from "./Jobs.tsx"
import { Overview } from "./Overview.tsx"
import type { ViewProps } from "./ViewProps.ts"

export const viewComponents: Readonly<Record<ViewName, ComponentType<ViewProps>>> = {
  overview: Overview,
  jobs: Jobs,
  job: JobDetail,
  dead: Dead
}
