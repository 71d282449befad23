/**
 * The cluster on this machine: what it is called, where its files are, and how it is spoken to.
 *
 * Its kubeconfig is a file of its own beside the data, which every call names: what somebody has chosen as the current
 * cluster is neither relied on nor changed.
 */
import { Effect, Option } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { exitCodes } from "../exitCodes.ts"
import { homeOf } from "../home.ts"
import { type Call, ClusterTools, type Ran, type Tool } from "./ClusterTools.ts"
import { Trouble } from "./Steps.ts"

/** As `manifests/kind.yaml` names it. */
export const clusterName = "odto"
export const namespace = "odto"
export const contextName = `kind-${clusterName}`

export interface Place {
  /** Files that can all be made again. */
  readonly folder: string
  readonly kubeconfig: string
}

export const placeIn = (folder: string): Place => ({ folder, kubeconfig: join(folder, "kubeconfig") })

/** Beside the data of the embedded system. */
export const place = Effect.map(homeOf(Option.none()), (home) => placeIn(join(home, "cluster")))

export const unusable = ({ folder }: Place) => (error: unknown) =>
  new Trouble({
    cause: `the folder ${folder} cannot be used: ${String(error)}`,
    remedy: "look at the folder's owner and free space, or name another one with ODTO_HOME"
  })

export const makeFolder = (place: Place) =>
  Effect.try({ try: () => void mkdirSync(place.folder, { recursive: true, mode: 0o700 }), catch: unusable(place) })

/** Words that make kubectl speak to this cluster and no other. */
export const inCluster = ({ kubeconfig }: Place): ReadonlyArray<string> => [
  "--kubeconfig",
  kubeconfig,
  "--context",
  contextName
]

/** Lines of a complaint that are passed on. */
const toldLines = 4

/** From the error on, where one is marked: warnings before it are about something else. */
const complaint = ({ stderr, stdout }: Ran): ReadonlyArray<string> => {
  const said = (stderr.trim() === "" ? stdout : stderr).split("\n").map((line) => line.trim()).filter((line) =>
    line !== ""
  )
  const first = said.findIndex((line) => /^error\b/iu.test(line))
  return first === -1 ? said.slice(-toldLines) : said.slice(first)
}

/** What a program said of its failure, in one line. */
export const lastWords = (ran: Ran): string => {
  const said = complaint(ran)
  return said.length === 0 ? "it says nothing" : said.slice(0, toldLines).join(" | ")
}

/** What to do about a complaint, by words in it; the first that fits. */
export type Remedies = ReadonlyArray<readonly [RegExp, string]>

/** Complaints that any of the tools may have. */
const always: Remedies = [
  [/no space left on device|disk quota/iu, "free disk space, for example with: docker system prune"],
  [/cannot connect to the docker daemon|is the docker daemon running/iu, "start Docker"],
  [/permission denied.*docker|docker.*permission denied/iu, "let this user use Docker, or run it as one who may"],
  [
    /no such host|i\/o timeout|TLS handshake timeout|network is unreachable|temporary failure in name resolution/iu,
    "look at the network and at proxy settings of Docker, then run it again"
  ]
]

export const remedyFor = (said: string, remedies: Remedies, otherwise: string): string =>
  [...remedies, ...always].find(([pattern]) => pattern.test(said))?.[1] ?? otherwise

export interface Expected extends Call {
  /** What it was to do, for the message: `build the images`. */
  readonly purpose: string
  readonly remedies?: Remedies
  /** When no other fits. Default: look at what it said. */
  readonly remedy?: string
}

const notThere = (tool: Tool) => `set ${tool} up, as the dashboard shows when it is started where nothing runs`

/** A call that is to succeed; what went wrong becomes a cause and a remedy. */
export const run = ({ purpose, remedies = [], remedy, ...call }: Expected) =>
  ClusterTools.use((tools) => tools.run(call)).pipe(
    Effect.catchTags({
      ToolAbsent: (error) =>
        Effect.fail(
          new Trouble({ cause: error.message, remedy: notThere(error.tool), exitCode: exitCodes.unavailable })
        ),
      ToolTooSlow: (error) =>
        Effect.fail(new Trouble({ cause: `cannot ${purpose}: ${error.message}`, remedy: "run it again" }))
    }),
    Effect.flatMap((ran) => {
      if (ran.code === 0) return Effect.succeed(ran.stdout)
      const said = lastWords(ran)
      return Effect.fail(
        new Trouble({
          cause: `cannot ${purpose}: ${said}`,
          remedy: remedyFor(complaint(ran).join("\n"), remedies, remedy ?? `see what \`${call.tool}\` says of it`)
        })
      )
    })
  )

/** A question that may be answered by a failure. */
export const asks = (call: Call) =>
  ClusterTools.use((tools) => tools.run(call)).pipe(
    Effect.map(({ code, stdout }) => code === 0 ? Option.some(stdout) : Option.none()),
    Effect.orElseSucceed(() => Option.none<string>())
  )

/** Answers of an API server that begins or ends are not the last word. */
export const passing =
  /connection refused|connection reset|EOF|etcdserver|the server is currently unable|timed out|timeout|ServiceUnavailable|not yet available/iu
