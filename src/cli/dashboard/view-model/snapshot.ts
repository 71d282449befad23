/** What the screen shows, as data: the numbers with their sources and ages, and the rows of the view. */
import { type SourceName, standingOf } from "./sources.ts"
import { type State, topOf } from "./State.ts"
import { views } from "./views.ts"

/** Raised when a field changes its meaning. */
const snapshotVersion = 1

const sourceOf = (state: State, source: SourceName) => {
  const { data, trouble } = state.sources[source]
  const freshness = data !== undefined && "freshness" in data ? data.freshness : undefined
  const standing = standingOf(state.sources[source], state.now, freshness)
  return { state: standing.state, ...(trouble === undefined ? {} : { trouble }), data: data ?? null }
}

export const snapshotOf = (state: State) => {
  const frame = topOf(state)
  const { list, sources } = views[frame.view]
  return {
    version: snapshotVersion,
    at: new Date(state.now).toISOString(),
    view: frame.view,
    filter: frame.filter,
    gatewayUrl: state.gatewayUrl,
    readModelUrl: state.readModelUrl,
    sources: Object.fromEntries(sources.map((source) => [source, sourceOf(state, source)])),
    ...(frame.view === "events" ? { events: state.tail.rows.map(({ event }) => event) } : {}),
    ...(list === undefined ? {} : {
      jobs: {
        rows: state[list].shown.map((row) => ({
          id: row.id,
          type: row.type,
          queue: row.queue,
          status: row.status,
          priority: row.priority,
          attempt: row.attempt,
          maxAttempts: row.maxAttempts,
          createdAt: new Date(row.createdAt).toISOString(),
          updatedAt: new Date(row.updatedAt).toISOString(),
          tags: row.tags,
          worker: row.worker ?? null
        })),
        next: state[list].next ?? null,
        ...(state[list].trouble === undefined ? {} : { trouble: state[list].trouble })
      }
    })
  }
}
