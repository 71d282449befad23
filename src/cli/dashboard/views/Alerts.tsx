/** Alerts that fire, and those that did. */
import type { ReactElement } from "react"
import { TableBody } from "../components/TableBody.tsx"
import { alerts } from "../view-model/tables/alerts.ts"
import type { ViewProps } from "./ViewProps.ts"

export const Alerts = (props: ViewProps): ReactElement => <TableBody {...props} table={alerts} />
