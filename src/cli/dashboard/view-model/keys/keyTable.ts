/** The one table of keys. */
import type { State } from "../State.ts"
import { type Binding, holds } from "./Binding.ts"
import { jobKeys } from "./jobKeys.ts"
import { lookingKeys } from "./lookingKeys.ts"
import { movingKeys } from "./movingKeys.ts"
import { systemKeys } from "./systemKeys.ts"

export const keyTable: ReadonlyArray<Binding> = [...movingKeys, ...jobKeys, ...systemKeys, ...lookingKeys]

/** What holds in the view that is shown, to whoever looks at it. */
export const keysNow = (state: State): ReadonlyArray<Binding> => keyTable.filter((binding) => holds(state, binding))

export const bindingOf = (state: State, key: string): Binding | undefined =>
  keyTable.find((binding) => binding.keys.includes(key) && holds(state, binding))
