/** One screen as text. */
import { renderToString } from "ink"
import { Screen } from "./Screen.tsx"
import type { Theme } from "./theme.ts"
import type { State } from "./view-model/State.ts"

export const screenText = (state: State, theme: Theme): string =>
  renderToString(<Screen state={state} theme={theme} />, { columns: state.size.columns })
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd()
