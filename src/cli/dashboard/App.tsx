/** The dashboard in a terminal: the screen of each frame, and the keys. */
import { useApp, useInput, usePaste, useWindowSize } from "ink"
import { type ReactElement, useEffect, useSyncExternalStore } from "react"
import { keyPresses } from "./keyPresses.ts"
import type { Store } from "./live/Store.ts"
import { Screen } from "./Screen.tsx"
import type { LentTerminal } from "./terminal.ts"
import type { Theme } from "./theme.ts"
import type { Press } from "./view-model/press.ts"

export interface AppProps {
  readonly store: Store
  readonly theme: Theme
  readonly onPress: (press: Press) => void
  readonly terminal: Pick<LentTerminal, "lend">
}

export const App = ({ onPress, store, terminal, theme }: AppProps): ReactElement => {
  const state = useSyncExternalStore(store.onFrame, store.shown)
  const { columns, rows } = useWindowSize()
  useEffect(() => {
    store.send({ _tag: "Resized", columns, rows })
  }, [columns, rows, store])
  const { exit, suspendTerminal } = useApp()
  useEffect(() => {
    terminal.lend({ suspend: () => suspendTerminal(), quit: () => exit() })
  }, [exit, suspendTerminal, terminal])
  useInput((input, key) => keyPresses(input, key).forEach(onPress))
  usePaste((text) => onPress({ key: "paste", text }))
  return <Screen state={state} theme={theme} />
}
