/** Jobs that will not run again, unless somebody replays them. */
import type { ReactElement } from "react"
import { TableBody } from "../components/TableBody.tsx"
import { dead } from "../view-model/tables/jobs.ts"
import type { ViewProps } from "./ViewProps.ts"

export const Dead = (props: ViewProps): ReactElement => <TableBody {...props} table={dead} />
