/** Why what the view shows is old or not there, in whole sentences: every view says it, whatever it is made of. */
import { type State, topOf } from "./State.ts"
import { views } from "./views.ts"

/** The stream does not come: nobody answers, or whoever does will not have us. */
export const isCutOff = ({ link: { state } }: State): boolean =>
  state === "lost" || state === "denied" || state === "refused"

/** Each cause once: most sources of a view have the same one. */
export const troublesOf = (state: State): ReadonlyArray<string> => {
  const { subject, view } = topOf(state)
  // A job that was never read says so itself.
  if (view === "job" && state.sources.job.data?.id !== subject) return []
  const { list, sources } = views[view]
  const all = [
    ...sources.map((source) => state.sources[source].trouble),
    list === undefined ? undefined : state[list].trouble
  ].filter((trouble) => trouble !== undefined)
  const { detail } = state.link
  return all.length > 0 ? [...new Set(all)] : isCutOff(state) && detail !== undefined ? [detail] : []
}
