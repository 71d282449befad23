/**
 * A machine with docker, kind and kubectl that are stand-ins: they record what they are told, and answer like the real
 * ones. What the machine is like is a file, so that the same stand-ins serve as a layer and as programs on a PATH.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { migrationJob } from "./workloads.ts"

export interface Told {
  readonly tool: string
  readonly args: ReadonlyArray<string>
  readonly stdin: string
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Instead of the usual answer to calls whose words match. */
export interface Fault {
  /** Of `tool args…`. */
  readonly match: string
  readonly code?: number
  readonly stdout?: string
  readonly stderr?: string
  /** Does what it is told all the same, before it fails. */
  readonly isDone?: boolean
  /** Says this and does not end. */
  readonly hangs?: boolean
  /** How often; then it is as usual. Default: always. */
  readonly times?: number
}

export interface State {
  cluster: "absent" | "running" | "stopped"
  hasBuildx: boolean
  images: Array<string>
  loaded: Array<string>
  hasNamespace: boolean
  /** Base64 by key, by name. */
  secrets: Record<string, Record<string, string>>
  migration: ReturnType<typeof migrationJob> | undefined
  /** Port of this machine by port of the node. */
  ports: Record<string, number>
  /** Looks at the workloads until all of them are ready. */
  looksUntilReady: number
  /** Pods that are told of; each as the API has it. */
  pods: Array<object>
  /** Whether the workloads of those pods, or the job, ever become ready. */
  isEverReady: boolean
  faults: Array<Fault>
}

/** Docker runs, and nothing was made yet. */
export const fresh: State = {
  cluster: "absent",
  hasBuildx: true,
  images: [],
  loaded: [],
  hasNamespace: false,
  secrets: {},
  migration: undefined,
  ports: {},
  looksUntilReady: 0,
  pods: [],
  isEverReady: true,
  faults: []
}

const stateFile = (folder: string) => join(folder, "machine.json")
const callsFile = (folder: string) => join(folder, "calls.ndjson")

export const read = (folder: string): State => JSON.parse(readFileSync(stateFile(folder), "utf8"))
/** As a whole: another process may read it at any moment. */
export const change = (folder: string, changes: Partial<State>): void => {
  const next = `${stateFile(folder)}.${process.pid}`
  writeFileSync(next, JSON.stringify({ ...(existsSync(stateFile(folder)) ? read(folder) : fresh), ...changes }))
  renameSync(next, stateFile(folder))
}

export const calls = (folder: string): ReadonlyArray<Told> =>
  existsSync(callsFile(folder))
    ? readFileSync(callsFile(folder), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line))
    : []

const settings = ["PROGRAMS", "VERSION", "CONTENT", "DOCKER_BUILDKIT"]

export const record = (folder: string, { args, env, stdin, tool }: Told): void =>
  appendFileSync(
    callsFile(folder),
    `${
      JSON.stringify({
        tool,
        args,
        stdin,
        env: Object.fromEntries(settings.flatMap((name) => env[name] === undefined ? [] : [[name, env[name]]]))
      })
    }\n`
  )

/** The fault that this call meets, if one does; it is used up. */
export const faultOf = (folder: string, { args, tool }: Told): Fault | undefined => {
  const { faults } = read(folder)
  const text = [tool, ...args].join(" ")
  const found = faults.find(({ match, times }) => times !== 0 && new RegExp(match, "u").test(text))
  if (found?.times !== undefined) {
    const used = { ...found, times: found.times - 1 }
    change(folder, { faults: faults.map((fault) => fault === found ? used : fault) })
  }
  return found
}

/** The calls in short: what they are told first, without the words that all of them have. */
export const shortly = ({ args, tool }: Told): string => {
  const rest = args.filter((word, index) =>
    !["--kubeconfig", "--context", "--namespace"].includes(word) &&
    !["--kubeconfig", "--context", "--namespace"].includes(args[index - 1] ?? "")
  )
  return [tool, ...rest.slice(0, 4)].join(" ").replace(/\/\S+/u, "…")
}
