/** Reads what one screen needs, once. */
import { Effect } from "effect"
import type { State } from "../view-model/State.ts"
import { update } from "../view-model/update.ts"
import type { Api } from "./Api.ts"
import { readWant } from "./readWant.ts"
import { wantsOf } from "./wants.ts"

/** The state with everything in it that its view wants. `failure`: why nothing at all answered. */
export const readOnce = (api: Api, state: State) =>
  Effect.map(
    Effect.forEach(wantsOf(state), (want) => readWant(api, want), { concurrency: "unbounded" }),
    (all) => {
      const failures = all.filter(({ failure }) => failure !== undefined)
      return {
        state: all.reduce(
          (sofar, { message }) => update(sofar, message),
          update(state, { _tag: "Linked", state: "live", at: Date.now() })
        ),
        failure: failures.length === all.length ? failures[0]?.failure : undefined
      }
    }
  )
