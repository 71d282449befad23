/**
 * Lines on the screen, one Text each: of all ways this is the one that costs the least to draw.
 *
 * Exactly `height` lines of `columns` are drawn, so that nothing of the frame before is left.
 */
import { Box, Text } from "ink"
import type { ReactElement } from "react"
import { fillLine, type Line, textOf } from "../view-model/Line.ts"
import { useTheme } from "./Look.ts"

export interface LinesProps {
  readonly lines: ReadonlyArray<Line>
  readonly columns: number
  readonly height: number
  /** Line that is turned round; -1 for none. */
  readonly selected?: number
  /** What a screen reader says instead of the line. */
  readonly label?: (index: number) => string | undefined
}

/** Columns become parts of a sentence. */
const spoken = (line: Line): string => textOf(line).trim().replaceAll(/\s{2,}/gu, ", ")

export const Lines = ({ columns, height, label, lines, selected = -1 }: LinesProps): ReactElement => {
  const theme = useTheme()
  return (
    <Box flexDirection="column" width={columns} height={height} flexShrink={0}>
      {Array.from({ length: height }, (_, index) => {
        const line = lines[index]
        if (line === undefined) return <Text key={index} aria-hidden>{" "}</Text>
        const painted = theme.paint(fillLine(line, columns), index === selected)
        const text = label?.(index) ?? spoken(line)
        return <Text key={index} wrap="truncate" aria-label={text} aria-hidden={text === ""}>{painted}</Text>
      })}
    </Box>
  )
}
