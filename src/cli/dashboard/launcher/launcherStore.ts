/** Holds the state of the launcher for React. */
import { type LauncherMessage, type LauncherState, update } from "./LauncherState.ts"

export interface LauncherStore {
  readonly state: () => LauncherState
  readonly send: (...messages: ReadonlyArray<LauncherMessage>) => void
  readonly subscribe: (listener: () => void) => () => void
}

export const makeLauncherStore = (first: LauncherState): LauncherStore => {
  let state = first
  const listeners = new Set<() => void>()
  return {
    state: () => state,
    send: (...messages) => {
      state = messages.reduce(update, state)
      for (const listener of listeners) listener()
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    }
  }
}
