/** The whole screen: header, the view on top of the stack, what is open, footer. Exactly as large as the terminal. */
import { Box } from "ink"
import type { ReactElement } from "react"
import { FormPanel } from "./components/FormPanel.tsx"
import { Lines } from "./components/Lines.tsx"
import { LookProvider } from "./components/Look.ts"
import type { Theme } from "./theme.ts"
import { layoutOf } from "./view-model/layout.ts"
import { footerLine } from "./view-model/parts/footer.ts"
import { firstLine, secondLine } from "./view-model/parts/header.ts"
import { helpLines } from "./view-model/parts/help.ts"
import { noticeLines, panelLines } from "./view-model/parts/panel.ts"
import { firstLineShown } from "./view-model/scrolling.ts"
import { type State, topOf } from "./view-model/State.ts"
import { viewComponents } from "./views/viewComponents.ts"

const Body = ({ height, state, theme }: { readonly state: State; readonly theme: Theme; readonly height: number }) => {
  const { columns } = state.size
  if (height <= 0) return null
  if (state.form !== undefined) return <FormPanel form={state.form} columns={columns} height={height} />
  if (state.help !== undefined) {
    const lines = helpLines(state, theme.glyphs === "ascii")
    const first = firstLineShown(state)
    return <Lines lines={lines.slice(first, first + height)} columns={columns} height={height} />
  }
  const View = viewComponents[topOf(state).view]
  return <View state={state} columns={columns} height={height} />
}

export const Screen = ({ state, theme }: { readonly state: State; readonly theme: Theme }): ReactElement => {
  const { body, columns, footer, header, notice, panel, rows } = layoutOf(state)
  const head = [firstLine(state, columns, theme.glyph), secondLine(state, columns, theme.glyph)]
  return (
    <LookProvider value={theme}>
      <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
        <Lines lines={head} columns={columns} height={header} />
        <Body state={state} theme={theme} height={body} />
        <Lines lines={noticeLines(state, theme.glyph)} columns={columns} height={notice} />
        <Lines lines={panelLines(state, theme.glyph)} columns={columns} height={panel} />
        <Lines lines={[footerLine(state, columns, theme.glyphs === "ascii")]} columns={columns} height={footer} />
      </Box>
    </LookProvider>
  )
}
