/** What a view can be narrowed by. */
import { parseQuery } from "./jobQuery.ts"
import type { ViewName } from "./Route.ts"
import { views } from "./views.ts"

/** What is wrong with the filter of a view; a filter with something wrong would show what it does not say. */
export const filterProblems = (view: ViewName, filter: string): ReadonlyArray<string> => {
  if (filter.trim() === "") return []
  const { list, table, title } = views[view]
  if (table?.hasFilter !== true) return [`${title} has no filter`]
  if (list === undefined) return []
  const { problems, status } = parseQuery(filter)
  return list === "dead" && status.length > 0
    ? [...problems, "status: has no place here: all of them are dead"]
    : problems
}
