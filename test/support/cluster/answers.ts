/** What the stand-ins answer, and what they change on their machine. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Answer, change, faultOf, read, record, type State, type Told } from "./Machine.ts"
import { migrationJob, workloads } from "./workloads.ts"

const node = "odto-control-plane"
const says = (stdout: string, stderr = ""): Answer => ({ code: 0, stdout, stderr })
const fails = (stderr: string): Answer => ({ code: 1, stdout: "", stderr })
const valueOf = (args: ReadonlyArray<string>, flag: string): string => args[args.indexOf(flag) + 1] ?? ""

const kind = (folder: string, { args, stdin }: Told, state: State): Answer => {
  switch (args.slice(0, 2).join(" ")) {
    case "version":
      return says("kind v0.33.0 go1.25.0 linux/amd64\n")
    case "get clusters":
      return state.cluster === "absent" ? says("", "No kind clusters found.\n") : says("odto\n")
    case "get nodes":
      return says(`${node}\n`)
    case "create cluster": {
      if (state.cluster !== "absent") return fails(`ERROR: node(s) already exist for a cluster with the name "odto"\n`)
      writeFileSync(valueOf(args, "--kubeconfig"), "apiVersion: v1\n")
      const mapped = [...stdin.matchAll(/containerPort:\s*(\d+)[^]*?hostPort:\s*(\d+)/gu)]
      change(folder, {
        cluster: "running",
        ports: { ...Object.fromEntries(mapped.map(([, inside, here]) => [inside, Number(here)])), ...state.ports }
      })
      return says(
        "",
        ` • Ensuring node image (kindest/node) 🖼  ...\n ✓ Preparing nodes 📦\n ✓ Starting control-plane 🕹️\n`
      )
    }
    case "delete cluster":
      change(folder, { cluster: "absent", loaded: [], hasNamespace: false, secrets: {}, migration: undefined })
      return says("", `Deleting cluster "odto" ...\nDeleted nodes: ["${node}"]\n`)
    case "export kubeconfig":
      if (state.cluster !== "running") return fails("ERROR: failed to get cluster internal kubeconfig\n")
      writeFileSync(valueOf(args, "--kubeconfig"), "apiVersion: v1\n")
      return says("", `Set kubectl context to "kind-odto"\n`)
    case "load docker-image":
      change(folder, { loaded: [...state.loaded, ...args.slice(4).map((name) => `docker.io/${name}`)] })
      return says("", `Image: "${args[4]}" not yet present on node "${node}", loading...\n`)
    default:
      return fails(`ERROR: unknown command ${args.join(" ")}\n`)
  }
}

const inspected = ({ cluster, ports }: State) => [{
  Name: `/${node}`,
  State: { Running: cluster === "running", Status: "x" },
  HostConfig: {
    PortBindings: Object.fromEntries(
      Object.entries(ports).map(([inside, here]) => [
        `${inside}/tcp`,
        [{ HostIp: "127.0.0.1", HostPort: String(here) }]
      ])
    )
  }
}]

const docker = (folder: string, { args, env }: Told, state: State): Answer => {
  const images = ["gateway", "dispatcher", "processor", "metrics-engine", "read-model"]
    .map((program) => `oddessentials/odto-${program}:`)
  switch (args[0]) {
    case "--version":
      return says("Docker version 28.2.2, build 1\n")
    case "info":
      return says("28.2.2\n")
    case "inspect":
      return says(JSON.stringify(inspected(state)))
    case "start":
      change(folder, { cluster: "running" })
      return says(`${args.slice(1).join("\n")}\n`)
    case "image":
      return args.slice(4).every((name) => state.images.includes(name))
        ? says("sha256:1\n")
        : fails("Error response from daemon: No such image\n")
    case "buildx": {
      if (!state.hasBuildx) return fails("docker: 'buildx' is not a docker command.\n")
      if (args[1] === "version") return says("github.com/docker/buildx v0.29.1\n")
      const made = images.flatMap((name) => [name + env["VERSION"], `${name}${env["VERSION"]}-${env["CONTENT"]}`])
      change(folder, { images: [...state.images, ...made] })
      return says("", "#1 [internal] load build definition\n#9 [odto-gateway 3/4] COPY dist/image .\n#12 DONE 1.2s\n")
    }
    case "build":
      change(folder, { images: [...state.images, ...args.filter((_, index) => args[index - 1] === "--tag")] })
      return says("", "#9 [odto 3/4] COPY dist/image .\n")
    case "exec":
      if (args[3] === "pull") {
        change(folder, { loaded: [...state.loaded, args.at(-1) ?? ""] })
        return says(`Image is up to date for sha256:1\n`)
      }
      return says(
        JSON.stringify({ images: [{ id: "1", repoTags: [] }, ...state.loaded.map((tag) => ({ repoTags: [tag] }))] })
      )
    default:
      return fails(`docker: unknown command ${args.join(" ")}\n`)
  }
}

const looked = (folder: string, state: State): Answer => {
  const isReady = state.isEverReady && state.looksUntilReady <= 0
  const { migration } = state
  change(folder, { looksUntilReady: state.looksUntilReady - 1 })
  if (isReady && migration !== undefined) {
    change(folder, { migration: migrationJob(migration.metadata.annotations, "Complete") })
  }
  const troubled = JSON.stringify(state.pods)
  return says(JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: [
      ...workloads((name) => isReady || (!troubled.includes(`"${name}-`) && state.pods.length > 0)),
      ...(migration === undefined ? [] : [isReady ? migrationJob({}, "Complete") : migration]),
      ...state.pods
    ]
  }))
}

const applied = (folder: string, { args, stdin }: Told, state: State): Answer => {
  if (!args.includes("--kustomize")) {
    const { items }: { items: Array<{ metadata: { name: string }; data: Record<string, string> }> } = JSON.parse(stdin)
    change(folder, {
      secrets: { ...state.secrets, ...Object.fromEntries(items.map(({ data, metadata }) => [metadata.name, data])) }
    })
    return says(items.map(({ metadata }) => `secret/${metadata.name} serverside-applied\n`).join(""))
  }
  const kustomization = JSON.parse(readFileSync(join(valueOf(args, "--kustomize"), "kustomization.yaml"), "utf8"))
  const { metadata } = JSON.parse(kustomization.patches[0].patch)
  if (state.migration === undefined) change(folder, { migration: migrationJob(metadata.annotations) })
  return says(
    "namespace/odto serverside-applied\nservice/gateway serverside-applied\ndeployment.apps/gateway serverside-applied\n"
  )
}

const kubectl = (folder: string, told: Told, state: State): Answer => {
  const { args } = told
  if (args[0] === "version") return says("Client Version: v1.36.0\n")
  if (state.cluster !== "running") return fails("The connection to the server 127.0.0.1:6443 was refused\n")
  const [verb, what, name] = args.filter((word, index) =>
    !word.startsWith("--") && !["--kubeconfig", "--context", "--namespace"].includes(args[index - 1] ?? "")
  )
  switch (verb) {
    case "get":
      if (args.includes("--raw")) return says("ok")
      if (what === "namespace") return says(state.hasNamespace ? "namespace/odto\n" : "")
      if (what === "secrets") {
        const items = Object.entries(state.secrets).map(([name, data]) => ({ metadata: { name }, data }))
        return says(JSON.stringify({ apiVersion: "v1", kind: "List", items }))
      }
      return what === "job"
        ? says(state.migration === undefined ? "" : JSON.stringify(state.migration))
        : looked(folder, state)
    case "create":
      change(folder, { hasNamespace: true })
      return says("namespace/odto created\n")
    case "apply":
      return applied(folder, told, state)
    case "delete":
      if (args.includes("--selector")) return says("No resources found\n")
      change(folder, { migration: undefined })
      return says(`job.batch "${name}" deleted\n`)
    case "logs":
      return says("starting\nfatal: no such table\n")
    default:
      return fails(`error: unknown command ${args.join(" ")}\n`)
  }
}

const tools = { docker, kind, kubectl }

/** `hangs`: it has said that much, and does not end. */
export const answer = (folder: string, told: Told): Answer & { readonly hangs: boolean } => {
  record(folder, told)
  const fault = faultOf(folder, told)
  const usual = () => {
    const [, tool] = Object.entries(tools).find(([name]) => name === told.tool) ?? []
    return tool === undefined ? fails("unknown tool") : tool(folder, told, read(folder))
  }
  if (fault === undefined) return { ...usual(), hangs: false }
  if (fault.isDone === true) usual()
  const { code = 1, hangs = false, stderr = "", stdout = "" } = fault
  return { code, stdout, stderr, hangs }
}
