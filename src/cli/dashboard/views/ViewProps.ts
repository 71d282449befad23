/** What every view is drawn from: the state, and the room it has. It draws exactly `height` lines of `columns`. */
import type { State } from "../view-model/State.ts"

export interface ViewProps {
  readonly state: State
  readonly columns: number
  readonly height: number
}
