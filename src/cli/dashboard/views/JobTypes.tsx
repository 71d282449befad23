/** Job types that can be submitted. */
import type { ReactElement } from "react"
import { TableBody } from "../components/TableBody.tsx"
import { types } from "../view-model/tables/jobTypes.ts"
import type { ViewProps } from "./ViewProps.ts"

export const JobTypes = (props: ViewProps): ReactElement => <TableBody {...props} table={types} />
