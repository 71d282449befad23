/** What `:` offers: every view, with a filter behind its name, and every key that means something here. */
import { matching } from "./fuzzy.ts"
import type { Reaction } from "./keys/Binding.ts"
import { done, told, warned } from "./keys/Binding.ts"
import { shownKey } from "./keys/keyNames.ts"
import { keysNow } from "./keys/keyTable.ts"
import { frameOf, viewNames } from "./Route.ts"
import type { State } from "./State.ts"
import { filterProblems } from "./viewFilter.ts"
import { views } from "./views.ts"

export interface Entry {
  readonly name: string
  readonly about: string
  /** The key that does the same; empty for views. */
  readonly key: string
  readonly reaction: (state: State) => Reaction
}

const viewEntries: ReadonlyArray<Entry> = viewNames.filter((view) => views[view].isInner !== true).map((view) => ({
  name: view,
  about: views[view].about,
  key: "",
  reaction: () => told({ _tag: "WentTo", view })
}))

/** Moving is done with its keys. */
const actionEntries = (state: State): ReadonlyArray<Entry> =>
  keysNow(state)
    .filter(({ group, keys }) => group !== "Move" && keys[0] !== ":")
    .map(({ keys: [key], label, nameNow, reaction }) => ({
      name: nameNow?.(state) ?? label,
      about: "",
      key: shownKey(key),
      reaction
    }))

/** A full job id that was typed leads to the job. */
const jobEntry = (typed: string): ReadonlyArray<Entry> =>
  /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/u.test(typed)
    ? [{
      name: typed,
      about: "this job",
      key: "",
      reaction: () =>
        told({
          _tag: "Opened",
          frame: frameOf("job", { subject: typed })
        })
    }]
    : []

/** `jobs status:dead`: the view that is named first, with the rest as its filter. */
const filteredEntry = (typed: string): ReadonlyArray<Entry> => {
  const [, name = "", filter = ""] = /^(\S+)\s+(.+)$/u.exec(typed) ?? []
  const view = viewNames.find((each) => each === name)
  return view === undefined || views[view].isInner === true || views[view].table?.hasFilter !== true
    ? []
    : [{
      name: `${view} ${filter}`,
      about: "with this filter",
      key: "",
      reaction: () => {
        const [problem] = filterProblems(view, filter)
        return problem === undefined ? told({ _tag: "WentTo", view, filter }) : warned(problem)
      }
    }]
}

/** The types of which a job can be made. */
const typeEntries = (state: State): ReadonlyArray<Entry> =>
  (state.sources.types.data?.types ?? []).map(({ description = "", liveWorkers, name }) => ({
    name,
    about: liveWorkers === 0 ? "no worker runs it" : description,
    key: "",
    reaction: () => done({ _tag: "OpenForm", type: name })
  }))

/** What matches, best first; what was used last comes first while nothing is typed. */
export const suggestions = (state: State): ReadonlyArray<Entry> => {
  const typed = state.prompt?.text.trim() ?? ""
  if (state.prompt?.kind === "type") return matching(typed, typeEntries(state), ({ name }) => name)
  const all = [...viewEntries, ...actionEntries(state)]
  const recent = (name: string) => {
    const at = state.lastUsed.indexOf(name)
    return at < 0 ? state.lastUsed.length : at
  }
  return [
    ...jobEntry(typed),
    ...filteredEntry(typed),
    ...matching(typed, all.toSorted((a, b) => recent(a.name) - recent(b.name)), ({ name }) => name)
  ]
}
