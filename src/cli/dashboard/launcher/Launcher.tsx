/** The launcher on the screen. */
import { useApp, useInput, useWindowSize } from "ink"
import { type ReactElement, useEffect, useSyncExternalStore } from "react"
import { Lines } from "../components/Lines.tsx"
import { LookProvider } from "../components/Look.ts"
import { keyPresses } from "../keyPresses.ts"
import type { Theme } from "../theme.ts"
import { launcherLines } from "./launcherLines.ts"
import type { LauncherStore } from "./launcherStore.ts"

export interface LauncherProps {
  readonly store: LauncherStore
  readonly theme: Theme
  readonly onPress: (key: string) => void
  /** Gives the means to leave the screen to a program, and to end. */
  readonly lend: (
    lent: { readonly suspend: ReturnType<typeof useApp>["suspendTerminal"]; readonly quit: () => void }
  ) => void
}

export const Launcher = ({ lend, onPress, store, theme }: LauncherProps): ReactElement => {
  const state = useSyncExternalStore(store.subscribe, store.state)
  const { columns, rows } = useWindowSize()
  useEffect(() => store.send({ _tag: "Resized", columns, rows }), [columns, rows, store])
  const { exit, suspendTerminal } = useApp()
  useEffect(() => lend({ suspend: suspendTerminal, quit: () => exit() }), [exit, lend, suspendTerminal])
  useInput((input, key) => keyPresses(input, key).forEach((press) => onPress(press.key)))
  const lines = launcherLines(state, { glyph: theme.glyph, set: theme.glyphs })
  return (
    <LookProvider value={theme}>
      <Lines lines={lines} columns={state.size.columns} height={state.size.rows} />
    </LookProvider>
  )
}
