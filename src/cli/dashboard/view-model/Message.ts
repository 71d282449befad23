/** Everything that changes the screen: what came from the system, and what somebody did. */
import type { Role } from "#domain/Access.ts"
import type { JobList } from "#domain/contract/ReadModelViews.ts"
import type { CloudEvent } from "#domain/JobEvent.ts"
import type { JobSort } from "#domain/JobFilter.ts"
import type { FormMessage } from "./form/Form.ts"
import type { Frame, JobTab, ViewName } from "./Route.ts"
import type { Answer, SourceName } from "./sources.ts"
import type { Link, Prompt, Question, Toast } from "./State.ts"

/** From the system. */
export type Told =
  | { readonly _tag: "Answered"; readonly answer: Answer; readonly at: number }
  | {
    readonly _tag: "NotAnswered"
    readonly source: SourceName
    /** The job that was asked about, of `job` and `timeline`. */
    readonly subject?: string | undefined
    readonly trouble: string
    readonly at: number
  }
  | {
    readonly _tag: "JobsRead"
    readonly list: JobListName
    readonly filter: string
    readonly sort: JobSort
    readonly page: JobList
    /** Id of the last row before the page; undefined for the first. */
    readonly after: string | undefined
    readonly at: number
  }
  | {
    readonly _tag: "JobsNotRead"
    readonly list: JobListName
    readonly filter: string
    readonly trouble: string
    readonly at: number
  }
  | {
    readonly _tag: "Happened"
    readonly events: ReadonlyArray<CloudEvent>
    readonly dropped: number
    readonly at: number
  }
  | { readonly _tag: "Missed"; readonly at: number }

export type JobListName = "jobs" | "dead"

export type Message =
  | Told
  | { readonly _tag: "Linked"; readonly state: Link["state"]; readonly detail?: string; readonly at: number }
  | { readonly _tag: "RoleKnown"; readonly role: Role | undefined }
  | { readonly _tag: "Ticked"; readonly now: number }
  | { readonly _tag: "Resized"; readonly columns: number; readonly rows: number }
  | { readonly _tag: "LoadingJobs"; readonly list: JobListName }
  /** Moves the selection, or scrolls where there is none. `to` wins over `by`. */
  | { readonly _tag: "Moved"; readonly by?: number; readonly to?: "first" | "last" }
  | { readonly _tag: "Followed" }
  | { readonly _tag: "Opened"; readonly frame: Frame }
  /** Goes to a view of the top level, and forgets the way that led here. */
  | { readonly _tag: "WentTo"; readonly view: ViewName; readonly filter?: string }
  | { readonly _tag: "WentBack" }
  | { readonly _tag: "TabChosen"; readonly tab: JobTab }
  | { readonly _tag: "Filtered"; readonly filter: string }
  | { readonly _tag: "Sorted"; readonly column: string | undefined; readonly descending: boolean }
  | { readonly _tag: "PauseToggled"; readonly now: number }
  | { readonly _tag: "PromptOpened"; readonly kind: Prompt["kind"] }
  | { readonly _tag: "PromptTyped"; readonly text: string }
  | { readonly _tag: "PromptMoved"; readonly by: number }
  | { readonly _tag: "PromptClosed" }
  | { readonly _tag: "Used"; readonly entry: string }
  | { readonly _tag: "HelpToggled" }
  | { readonly _tag: "Asked"; readonly question: Question }
  | { readonly _tag: "QuestionClosed" }
  | { readonly _tag: "Said"; readonly toast: Toast | undefined }
  | FormMessage
