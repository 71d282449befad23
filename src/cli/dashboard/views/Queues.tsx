/** Queues and what waits in them. */
import type { ReactElement } from "react"
import { TableBody } from "../components/TableBody.tsx"
import { queues } from "../view-model/tables/queues.ts"
import type { ViewProps } from "./ViewProps.ts"

export const Queues = (props: ViewProps): ReactElement => <TableBody {...props} table={queues} />
