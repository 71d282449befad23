/** What the dashboard does to the world: everything that is not a change of the screen. */

export type Command =
  | { readonly _tag: "Cancel"; readonly jobId: string }
  | { readonly _tag: "Replay"; readonly jobId: string }
  | { readonly _tag: "PauseQueue"; readonly queue: string }
  | { readonly _tag: "ResumeQueue"; readonly queue: string }
  /** Loads what the form needs while its type is chosen, so that what is typed ahead finds the form there. */
  | { readonly _tag: "PrepareForm" }
  /** Opens the form for a new job. */
  | { readonly _tag: "OpenForm"; readonly type: string }
  /** Submits what the form stands for. */
  | { readonly _tag: "SubmitForm" }
  | { readonly _tag: "Copy"; readonly text: string; readonly what: string }
  | { readonly _tag: "Browse"; readonly url: string }
  | { readonly _tag: "Refresh" }
  | { readonly _tag: "Suspend" }
  | { readonly _tag: "Quit" }
