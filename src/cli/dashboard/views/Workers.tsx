/** Workers and their leases. */
import type { ReactElement } from "react"
import { TableBody } from "../components/TableBody.tsx"
import { workers } from "../view-model/tables/workers.ts"
import type { ViewProps } from "./ViewProps.ts"

export const Workers = (props: ViewProps): ReactElement => <TableBody {...props} table={workers} />
