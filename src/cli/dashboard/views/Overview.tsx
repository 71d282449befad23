/** What the system does, what waits, what is wrong. */
import { Box } from "ink"
import type { ReactElement } from "react"
import { Lines } from "../components/Lines.tsx"
import { useTheme } from "../components/Look.ts"
import { overviewColumns } from "../view-model/overviewColumns.ts"
import { firstLineShown } from "../view-model/scrolling.ts"
import type { ViewProps } from "./ViewProps.ts"

export const Overview = ({ columns, height, state }: ViewProps): ReactElement => {
  const theme = useTheme()
  const first = firstLineShown(state)
  return (
    <Box flexDirection="row" width={columns} height={height}>
      {overviewColumns(state, columns, height, { glyph: theme.glyph, set: theme.glyphs }).map((column, index) => (
        <Lines
          key={index}
          lines={column.lines.slice(first, first + height)}
          columns={column.columns}
          height={height}
        />
      ))}
    </Box>
  )
}
