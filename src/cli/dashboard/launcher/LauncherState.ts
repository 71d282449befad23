/** What the launcher shows, and how it changes. Pure, like the view-model of the dashboard. */
import type { Prerequisite } from "../../prerequisites/Prerequisite.ts"
import type { Situation } from "./Situation.ts"

/** A step of a start, as it goes. */
export interface Step {
  readonly name: string
  readonly state: "running" | "done" | "failed"
  readonly startedAt: number
  readonly endedAt: number | undefined
  /** A hint while it runs, the cause and what to do when it failed. */
  readonly detail: string | undefined
}

export interface Toast {
  readonly text: string
  readonly tone: "good" | "warn" | "bad"
}

export interface LauncherState {
  readonly size: { readonly columns: number; readonly rows: number }
  readonly now: number
  /** Nothing is offered that changes anything on this machine. */
  readonly isReadOnly: boolean
  readonly view: "start" | "setup" | "progress"
  /** What the progress is of. */
  readonly starting: "embedded" | "cluster"
  /** Undefined while this machine is looked at. */
  readonly situation: Situation | undefined
  /** Selected line of the setup. */
  readonly selected: number
  /** The command that Enter asks to run. */
  readonly asked: Prerequisite | undefined
  readonly steps: ReadonlyArray<Step>
  readonly toast: Toast | undefined
}

export type LauncherMessage =
  | { readonly _tag: "Looking" }
  | { readonly _tag: "Found"; readonly situation: Situation }
  | { readonly _tag: "Ticked"; readonly now: number }
  | { readonly _tag: "Resized"; readonly columns: number; readonly rows: number }
  | { readonly _tag: "Went"; readonly view: LauncherState["view"]; readonly starting?: LauncherState["starting"] }
  | { readonly _tag: "Moved"; readonly by: number }
  | { readonly _tag: "Asked"; readonly prerequisite: Prerequisite }
  | { readonly _tag: "Answered" }
  | { readonly _tag: "StepBegan"; readonly name: string; readonly detail?: string; readonly at: number }
  | { readonly _tag: "StepSaid"; readonly detail: string; readonly at: number }
  | { readonly _tag: "StepEnded"; readonly detail?: string; readonly at: number }
  | { readonly _tag: "StepFailed"; readonly detail: string; readonly at: number }
  | { readonly _tag: "Said"; readonly toast: Toast | undefined }

/** What it does to the world. */
export type LauncherCommand =
  | { readonly _tag: "Connect" }
  | { readonly _tag: "StartEmbedded" }
  | { readonly _tag: "LaunchCluster" }
  | { readonly _tag: "CancelCluster" }
  | { readonly _tag: "Look" }
  | { readonly _tag: "Copy"; readonly text: string }
  | { readonly _tag: "Run"; readonly command: ReadonlyArray<string> }
  | { readonly _tag: "Sleep" }
  | { readonly _tag: "Quit" }

export const beginning = (
  { isReadOnly, now, size }: Pick<LauncherState, "size" | "now" | "isReadOnly">
): LauncherState => ({
  size,
  now,
  isReadOnly,
  view: "start",
  starting: "embedded",
  situation: undefined,
  selected: 0,
  asked: undefined,
  steps: [],
  toast: undefined
})

export const selectedPrerequisite = ({ selected, situation }: LauncherState): Prerequisite | undefined =>
  situation?.prerequisites[selected]

/** Whether an embedded system could be started here. */
export const canStart = ({ isReadOnly, situation }: LauncherState): boolean =>
  !isReadOnly && situation !== undefined && situation.trouble !== undefined && situation.embeddedPid === undefined &&
  !situation.isNamed

/** A start of a cluster that goes on, and can be broken off. */
export const isLaunching = ({ starting, steps, view }: LauncherState): boolean =>
  view === "progress" && starting === "cluster" && steps.at(-1)?.state !== "failed"

/** A start that has failed or was broken off. */
export const hasFailed = ({ steps, view }: LauncherState): boolean =>
  view === "progress" && steps.at(-1)?.state === "failed"

const withLastStep = (state: LauncherState, change: Partial<Step>): LauncherState => ({
  ...state,
  steps: state.steps.map((step, index) => index === state.steps.length - 1 ? { ...step, ...change } : step)
})

export const update = (state: LauncherState, message: LauncherMessage): LauncherState => {
  switch (message._tag) {
    case "Looking":
      return { ...state, situation: undefined }
    case "Found": {
      const last = Math.max(0, message.situation.prerequisites.length - 1)
      const trouble = message.situation.prerequisites.findIndex((each) => each.state !== "ok")
      return {
        ...state,
        situation: message.situation,
        selected: Math.min(last, state.view === "setup" ? state.selected : Math.max(0, trouble))
      }
    }
    case "Ticked":
      return { ...state, now: message.now }
    case "Resized":
      return { ...state, size: { columns: message.columns, rows: message.rows } }
    case "Went":
      return {
        ...state,
        view: message.view,
        asked: undefined,
        toast: undefined,
        ...(message.view === "progress" ? { steps: [], starting: message.starting ?? state.starting } : {})
      }
    case "Moved": {
      const last = Math.max(0, (state.situation?.prerequisites.length ?? 1) - 1)
      return { ...state, selected: Math.max(0, Math.min(last, state.selected + message.by)), toast: undefined }
    }
    case "Asked":
      return { ...state, asked: message.prerequisite, toast: undefined }
    case "Answered":
      return { ...state, asked: undefined }
    case "StepBegan":
      return {
        ...state,
        now: message.at,
        steps: [
          ...state.steps,
          { name: message.name, state: "running", startedAt: message.at, endedAt: undefined, detail: message.detail }
        ]
      }
    case "StepSaid":
      return { ...withLastStep(state, { detail: message.detail }), now: message.at }
    case "StepEnded":
      return { ...withLastStep(state, { state: "done", endedAt: message.at, detail: message.detail }), now: message.at }
    case "StepFailed":
      return {
        ...withLastStep(state, { state: "failed", endedAt: message.at, detail: message.detail }),
        now: message.at
      }
    case "Said":
      return { ...state, toast: message.toast }
  }
}
