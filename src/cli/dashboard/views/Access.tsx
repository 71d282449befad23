/** Where the system can be reached. */
import type { ReactElement } from "react"
import { TableBody } from "../components/TableBody.tsx"
import { access } from "../view-model/tables/access.ts"
import type { ViewProps } from "./ViewProps.ts"

export const Access = (props: ViewProps): ReactElement => <TableBody {...props} table={access} />
