/** Jobs, newest first. */
import type { ReactElement } from "react"
import { TableBody } from "../components/TableBody.tsx"
import { jobs } from "../view-model/tables/jobs.ts"
import type { ViewProps } from "./ViewProps.ts"

export const Jobs = (props: ViewProps): ReactElement => <TableBody {...props} table={jobs} />
