/** Reads what one screen needs, once. */
import { Effect } from "effect"
import { type State, topOf } from "../view-model/State.ts"
import { update } from "../view-model/update.ts"
import { type Api, listRows } from "./Api.ts"
import { type Heard, heard, readWant } from "./readWant.ts"
import { wantsOf } from "./wants.ts"

/** The events that happened last: a screen that listens would have to wait for some. */
const readEvents = ({ readModel }: Api) =>
  heard(
    readModel.events.list({ query: { limit: listRows } }),
    ({ events }, at) => ({ _tag: "Happened", events: events.toReversed(), dropped: 0, at }),
    (_, at) => ({ _tag: "Happened", events: [], dropped: 0, at })
  )

/** The state with everything in it that its view wants. `failure`: why nothing at all answered. */
export const readOnce = (api: Api, state: State) => {
  const reading: ReadonlyArray<Effect.Effect<Heard>> = topOf(state).view === "events"
    ? [readEvents(api)]
    : wantsOf(state).map((want) => readWant(api, want))
  return Effect.map(Effect.all(reading, { concurrency: "unbounded" }), (all) => {
    const failures = all.filter(({ failure }) => failure !== undefined)
    const read = all.reduce(
      (sofar, { message }) => update(sofar, message),
      update(state, { _tag: "Linked", state: "none", at: Date.now() })
    )
    return {
      // How late events come can be told only of a stream.
      state: { ...read, tail: { ...read.tail, lagMillis: undefined } },
      failure: failures.length === all.length ? failures[0]?.failure : undefined
    }
  })
}
