/** What people did. */
import type { ReactElement } from "react"
import { TableBody } from "../components/TableBody.tsx"
import { audit } from "../view-model/tables/audit.ts"
import type { ViewProps } from "./ViewProps.ts"

export const Audit = (props: ViewProps): ReactElement => <TableBody {...props} table={audit} />
