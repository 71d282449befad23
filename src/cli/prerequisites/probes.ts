/** Looks at this machine: which tools are there, whether the Docker engine runs, which ports are free. */
import { Effect } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { createServer } from "node:net"
import { userInfo } from "node:os"
import { accessPoints } from "../cluster/accessPoints.ts"
import { ClusterTools, type Tool } from "../cluster/ClusterTools.ts"
import { portHolder } from "../portHolder.ts"
import {
  admissionCommand,
  engineCommand,
  homePages,
  installCommand,
  managerOf,
  type System
} from "./installCommands.ts"
import type { Prerequisite, PrerequisiteName } from "./Prerequisite.ts"

/** A tool that says nothing for so long hangs; an engine in a virtual machine may take half of it when it is busy. */
const patienceMillis = 20_000

/** The first minor version of 1 that applies the manifests: kustomize is in it, with labels and components. */
const oldestKubectl = 27

type Answer =
  | { readonly _tag: "Absent" }
  | { readonly _tag: "Failed"; readonly why: string }
  | { readonly _tag: "Said"; readonly text: string }

/** What a tool says; `Absent` when it is not on the PATH. */
const ask = (tool: Tool, ...args: ReadonlyArray<string>): Effect.Effect<Answer, never, ClusterTools> =>
  ClusterTools.use((tools) => tools.run({ tool, args, timeoutMillis: patienceMillis })).pipe(
    Effect.map(({ code, stderr, stdout }): Answer => {
      if (code === 0) return { _tag: "Said", text: stdout.trim() }
      const [why = ""] = stderr.trim().split("\n").filter((line) => line !== "").slice(-1)
      return { _tag: "Failed", why }
    }),
    Effect.catchTags({
      ToolAbsent: ({ detail }) =>
        Effect.succeed<Answer>(
          detail.includes("ENOENT") ? { _tag: "Absent" } : { _tag: "Failed", why: detail }
        ),
      ToolTooSlow: () => Effect.succeed<Answer>({ _tag: "Failed", why: "it does not answer" })
    })
  )

/** A container may run as somebody of whom its system knows nothing. */
const userName = (): string | undefined => {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

export const thisSystem = Effect.sync((): System => ({
  manager: managerOf(process.platform, existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : ""),
  needsSudo: process.getuid?.() !== 0,
  hasSystemd: existsSync("/run/systemd/system"),
  user: userName()
}))

const fine = (name: string, detail: string): Prerequisite => ({ name, state: "ok", detail, command: undefined })

const missing = (system: System, name: PrerequisiteName): Prerequisite => {
  const command = installCommand(system, name)
  return {
    name,
    state: "missing",
    detail: command === undefined ? `not found; see ${homePages[name]}` : "not found on the PATH",
    command
  }
}

/** A version is the first thing with two dots. */
const versionIn = (text: string): string => /v?\d+\.\d+\.\d+[\w.+-]*/u.exec(text)?.[0] ?? text.slice(0, 40)

const tool = (system: System, name: "docker" | "kubectl" | "kind", ...args: ReadonlyArray<string>) =>
  Effect.map(ask(name, ...args), (answer): Prerequisite => {
    switch (answer._tag) {
      case "Absent":
        return missing(system, name)
      case "Failed":
        return { ...missing(system, name), detail: `it does not start: ${answer.why}` }
      case "Said":
        return fine(name, versionIn(answer.text))
    }
  })

/** What the client says when the socket is there and does not let this user in. */
const isRefusal = (why: string): boolean => /permission denied/iu.test(why)

const kubectl = (system: System) =>
  Effect.map(tool(system, "kubectl", "version", "--client"), (found): Prerequisite => {
    const minor = /^v?1\.(\d+)\./u.exec(found.detail)?.[1]
    return found.state !== "ok" || minor === undefined || Number(minor) >= oldestKubectl
      ? found
      : {
        ...found,
        state: "old",
        detail: `${found.detail} is there, 1.${oldestKubectl} or newer is needed; see ${homePages.kubectl}`
      }
  })

const engine = (system: System) =>
  Effect.map(ask("docker", "info", "--format", "{{.ServerVersion}}"), (answer): Prerequisite => {
    const name = "docker engine"
    if (answer._tag === "Absent") return { name, state: "stopped", detail: "install docker first", command: undefined }
    if (answer._tag === "Said" && answer.text !== "") return fine(name, versionIn(answer.text))
    const why = answer._tag === "Failed" && answer.why !== "" ? answer.why : "nothing answers"
    const refused = isRefusal(why)
    const command = refused ? admissionCommand(system) : engineCommand(system)
    const next = command === undefined ? `; see ${homePages[name]}` : refused ? "; log in again after the command" : ""
    return { name, state: refused ? "refused" : "stopped", detail: `${why}${next}`, command }
  })

const canListen = (port: number, host?: string) =>
  Effect.callback<boolean>((resume) => {
    const server = createServer()
    server.once("error", () => resume(Effect.succeed(false)))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resume(Effect.succeed(true))))
  })

/** On every address, and on loopback, where the cluster does: macOS takes one for free beside the other. */
const isFree = (port: number) =>
  Effect.flatMap(canListen(port), (isFree) => isFree ? canListen(port, "127.0.0.1") : Effect.succeed(false))

/** `inUse`: by the cluster itself, whose ports they are. */
const portCheck = (inUse: boolean, offset: number) => (of: (typeof accessPoints)[number]) => {
  const port = of.port + offset
  return Effect.map(isFree(port), (free): Prerequisite => {
    const name = `port ${port}`
    if (free) return fine(name, `free, for ${of.what}`)
    if (inUse) return fine(name, "in use, and the cluster is there")
    const holder = portHolder(port)
    const detail = holder === undefined
      ? "another process listens there"
      : `process ${holder.pid} listens there: ${holder.command}`
    return { name, state: "taken", detail, command: undefined }
  })
}

/** The programs, in the order in which they are mended. */
export const tools = Effect.flatMap(thisSystem, (system) =>
  Effect.all([
    Effect.succeed(fine("node", process.version)),
    tool(system, "docker", "--version"),
    engine(system),
    kubectl(system),
    tool(system, "kind", "version")
  ], { concurrency: "unbounded" }))

/** The ports of this machine that a cluster wants, each moved up by the offset. */
export const ports = (inUse: boolean, offset: number) =>
  Effect.forEach(accessPoints, portCheck(inUse, offset), { concurrency: "unbounded" })

/** Everything that a cluster needs, in the order in which it is mended. */
export const prerequisites = (hasCluster: boolean, offset: number) =>
  Effect.map(Effect.all([tools, ports(hasCluster, offset)], { concurrency: "unbounded" }), (found) => found.flat())

/** Names of the kind clusters on this machine; none where there is no kind. */
export const clusters = Effect.map(
  ask("kind", "get", "clusters"),
  (answer) => answer._tag === "Said" ? answer.text.split(/\s+/u).filter((name) => name !== "") : []
)
