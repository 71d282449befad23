/** Where the dashboard is: a stack of views, each with its own selection, order and filter. */

export const viewNames = [
  "overview",
  "jobs",
  "job",
  "queues",
  "types",
  "workers",
  "dead",
  "alerts",
  "events",
  "audit",
  "access"
] as const
export type ViewName = typeof viewNames[number]

/** The tabs of one job. */
export const jobTabs = ["summary", "timeline", "attempts", "payload"] as const
export type JobTab = typeof jobTabs[number]

/** A column to sort by; without one the order is that of the source. */
export interface Sorting {
  readonly column: string
  readonly descending: boolean
}

export interface Frame {
  readonly view: ViewName
  /** Id of what the view is about: the job of `job`. */
  readonly subject: string | undefined
  /** In the language of the API: `status:dead queue:mail`, free words narrow what is held. */
  readonly filter: string
  readonly sorting: Sorting | undefined
  /** Id of the row that keys act on. Undefined: none is picked, and the list follows its newest. */
  readonly selected: string | undefined
  /** Line of the window that the selected row keeps, whatever comes above it. */
  readonly anchor: number
  /** First line or row in the window while nothing is selected. */
  readonly scroll: number
  readonly tab: JobTab
}

export const frameOf = (view: ViewName, more: Partial<Frame> = {}): Frame => ({
  view,
  subject: undefined,
  filter: "",
  sorting: undefined,
  selected: undefined,
  anchor: 0,
  scroll: 0,
  tab: "summary",
  ...more
})

/** Deeper than anybody drills; the oldest are forgotten. */
export const maxDepth = 20
