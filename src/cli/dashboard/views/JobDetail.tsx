/** One job whole, in tabs. */
import type { ReactElement } from "react"
import { Lines } from "../components/Lines.tsx"
import { useTheme } from "../components/Look.ts"
import { jobLines } from "../view-model/jobDetail.ts"
import { firstLineShown } from "../view-model/scrolling.ts"
import type { ViewProps } from "./ViewProps.ts"

export const JobDetail = ({ columns, height, state }: ViewProps): ReactElement => {
  const theme = useTheme()
  return (
    <Lines
      lines={jobLines(state, columns, height, firstLineShown(state), theme.glyph)}
      columns={columns}
      height={height}
    />
  )
}
