/** Events as they happen. */
import type { ReactElement } from "react"
import { TableBody } from "../components/TableBody.tsx"
import { events } from "../view-model/tables/events.ts"
import type { ViewProps } from "./ViewProps.ts"

export const Events = (props: ViewProps): ReactElement => <TableBody {...props} table={events} />
