/** The launcher's keys: one table, from which what a key does and the line at the bottom are made. */
import { commandText } from "../../prerequisites/Prerequisite.ts"
import {
  canStart,
  hasFailed,
  isLaunching,
  type LauncherCommand,
  type LauncherMessage,
  type LauncherState,
  selectedPrerequisite
} from "./LauncherState.ts"

export interface LauncherReaction {
  readonly messages?: ReadonlyArray<LauncherMessage>
  readonly commands?: ReadonlyArray<LauncherCommand>
}

export interface LauncherKey {
  readonly keys: readonly [string, ...ReadonlyArray<string>]
  /** For the line at the bottom; undefined for what is known without it. */
  readonly label: string | undefined
  readonly views: ReadonlyArray<LauncherState["view"]>
  /** Whether it makes sense now. */
  readonly holds: (state: LauncherState) => boolean
  /** Whether it would do more than say why it does nothing. Default: always. */
  readonly isHinted?: (state: LauncherState) => boolean
  readonly reaction: (state: LauncherState) => LauncherReaction
}

const always = () => true
const hasCommand = (state: LauncherState) => selectedPrerequisite(state)?.command !== undefined
const say = (text: string): LauncherReaction => ({ messages: [{ _tag: "Said", toast: { text, tone: "warn" } }] })

/** Runs nothing without a question: the key that asked is not the one that says yes. */
const askToRun = (state: LauncherState): LauncherReaction => {
  const prerequisite = selectedPrerequisite(state)
  if (prerequisite === undefined || prerequisite.state === "ok") return say("there is nothing to mend here")
  return prerequisite.command === undefined
    ? say(`there is no command for it here: ${prerequisite.detail}`)
    : { messages: [{ _tag: "Asked", prerequisite }] }
}

const launchCluster = (): LauncherReaction => ({
  messages: [{ _tag: "Went", view: "progress", starting: "cluster" }],
  commands: [{ _tag: "LaunchCluster" }]
})

const copyCommand = (state: LauncherState): LauncherReaction => {
  const command = selectedPrerequisite(state)?.command
  return command === undefined
    ? say("there is no command to copy")
    : { commands: [{ _tag: "Copy", text: commandText(command) }] }
}

export const launcherKeys: ReadonlyArray<LauncherKey> = [
  {
    keys: ["enter", "c"],
    label: "connect",
    views: ["start"],
    holds: ({ situation }) => situation !== undefined && situation.trouble === undefined,
    reaction: () => ({ commands: [{ _tag: "Connect" }] })
  },
  {
    keys: ["e", "enter"],
    label: "start embedded",
    views: ["start"],
    holds: canStart,
    reaction: () => ({
      messages: [{ _tag: "Went", view: "progress", starting: "embedded" }],
      commands: [{ _tag: "StartEmbedded" }]
    })
  },
  {
    keys: ["L"],
    label: "launch the cluster",
    views: ["start"],
    holds: ({ isReadOnly, situation }) => !isReadOnly && situation?.canLaunchCluster === true,
    reaction: launchCluster
  },
  {
    keys: ["L"],
    label: "go on",
    views: ["progress"],
    holds: (state) => state.starting === "cluster" && hasFailed(state),
    reaction: launchCluster
  },
  {
    keys: ["esc", "ctrl+c"],
    label: "cancel",
    views: ["progress"],
    holds: isLaunching,
    reaction: () => ({ commands: [{ _tag: "CancelCluster" }] })
  },
  {
    keys: ["s"],
    label: "set up what a cluster needs",
    views: ["start"],
    holds: ({ situation }) => situation !== undefined,
    reaction: () => ({ messages: [{ _tag: "Went", view: "setup" }] })
  },
  {
    keys: ["down", "j"],
    label: "down",
    views: ["setup"],
    holds: always,
    reaction: () => ({ messages: [{ _tag: "Moved", by: 1 }] })
  },
  {
    keys: ["up", "k"],
    label: "up",
    views: ["setup"],
    holds: always,
    reaction: () => ({ messages: [{ _tag: "Moved", by: -1 }] })
  },
  {
    keys: ["enter"],
    label: "run the command",
    views: ["setup"],
    holds: ({ isReadOnly }) => !isReadOnly,
    isHinted: hasCommand,
    reaction: askToRun
  },
  {
    keys: ["C", "c"],
    label: "copy the command",
    views: ["setup"],
    holds: always,
    isHinted: hasCommand,
    reaction: copyCommand
  },
  {
    keys: ["r", "R"],
    label: "look again",
    views: ["start", "setup"],
    holds: always,
    reaction: () => ({ messages: [{ _tag: "Looking" }], commands: [{ _tag: "Look" }] })
  },
  {
    keys: ["esc"],
    label: "back",
    views: ["setup", "progress"],
    holds: (state) => state.view === "setup" || hasFailed(state),
    reaction: () => ({ messages: [{ _tag: "Went", view: "start" }], commands: [{ _tag: "Look" }] })
  },
  {
    keys: ["ctrl+z"],
    label: undefined,
    views: ["start", "setup", "progress"],
    holds: always,
    reaction: () => ({ commands: [{ _tag: "Sleep" }] })
  },
  {
    keys: ["q", "ctrl+c"],
    label: "quit",
    views: ["start", "setup", "progress"],
    holds: always,
    reaction: () => ({ commands: [{ _tag: "Quit" }] })
  }
]

/** The keys that do something now. */
export const keysNow = (state: LauncherState): ReadonlyArray<LauncherKey> =>
  launcherKeys.filter(({ holds, views }) => views.includes(state.view) && holds(state))

/** What a key does now. While a question is open only `y` means yes, and everything else no. */
export const press = (state: LauncherState, key: string): LauncherReaction => {
  if (state.asked !== undefined) {
    const { command } = state.asked
    return key === "y" && command !== undefined
      ? { messages: [{ _tag: "Answered" }], commands: [{ _tag: "Run", command }] }
      : { messages: [{ _tag: "Answered" }] }
  }
  return keysNow(state).find(({ keys }) => keys.includes(key))?.reaction(state) ?? {}
}
