/**
 * Second step: a kind cluster that runs and answers. One that is there is started where it stands still; one whose making
 * was broken off holds nothing yet and is made again.
 */
import { Effect, Schedule } from "effect"
import { existsSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Nodes from "./Nodes.ts"
import { kindFile } from "./packageFiles.ts"
import { asks, clusterName, inCluster, type Place, type Remedies, run } from "./place.ts"
import { done, type Say, skipped, Trouble } from "./Steps.ts"

/** Time that kind waits for the node itself; after that the workloads say what is missing. */
const nodeReadyWithin = "180s"
/** An API server that begins is asked so often. */
const askEvery = "1 second"
const oneAnswerMillis = 10_000

const createRemedies: Remedies = [
  [
    /port is already allocated|address already in use|ports are not available/iu,
    "end what listens there, or move all ports with --port-offset 20000"
  ],
  [
    /failed to pull image|error pulling image|manifest unknown/iu,
    "the node image comes from Docker Hub: look at the network, then run it again"
  ],
  [
    /too many open files|inotify/iu,
    "raise fs.inotify.max_user_instances to 512 and max_user_watches to 524288 (sysctl)"
  ],
  [
    /could not find a log line that matches|kubeadm|control[ -]plane/iu,
    "give Docker more memory and processors, and take kind 0.33.0 or newer, then run it again"
  ],
  // Last: kind warns of old cgroups whatever it then fails of.
  [/cgroup/iu, "look at https://kind.sigs.k8s.io/docs/user/known-issues/ about cgroups"]
]

/** There as long as a cluster is being made: what was broken off is known by it. */
const unfinished = ({ folder }: Place) => join(folder, "unfinished")

export const remove = (place: Place) =>
  run({
    tool: "kind",
    args: ["delete", "cluster", "--name", clusterName, "--kubeconfig", place.kubeconfig],
    purpose: "delete the cluster"
  })

const create = (place: Place, offset: number, say: Say) =>
  Effect.gen(function*() {
    const { text } = yield* kindFile(offset)
    yield* Effect.sync(() => writeFileSync(unfinished(place), ""))
    yield* run({
      tool: "kind",
      args: [
        "create",
        "cluster",
        "--name",
        clusterName,
        "--config",
        "-",
        "--kubeconfig",
        place.kubeconfig,
        "--wait",
        nodeReadyWithin
      ],
      stdin: text,
      onLine: (line) => say(line.replace(/^[\s•✓✗]+/u, "").trim()),
      purpose: "create the cluster",
      remedies: createRemedies,
      remedy: "run it again; what was made is removed first"
    })
    yield* Effect.sync(() => rmSync(unfinished(place), { force: true }))
  })

/** Also when the file with the way to it was lost. */
export const writeKubeconfig = (place: Place) =>
  run({
    tool: "kind",
    args: ["export", "kubeconfig", "--name", clusterName, "--kubeconfig", place.kubeconfig],
    purpose: "find the way to the cluster",
    remedy: "make it anew with: odd-dashboard down --cluster, then: odd-dashboard up --cluster",
    timeoutMillis: 30_000
  })

/** The ports of a cluster that is there stay as they are. */
const startRemedies: Remedies = [
  [
    /port is already allocated|address already in use|ports are not available/iu,
    "end what listens there, or make the cluster anew with other ports: odd-dashboard down --cluster, then up --cluster --port-offset 10000"
  ],
  ...createRemedies
]

const startNodes = (stopped: ReadonlyArray<Nodes.Node>) =>
  run({
    tool: "docker",
    args: ["start", ...stopped.map(({ name }) => name)],
    purpose: "start the nodes of the cluster",
    remedies: startRemedies
  })

const untilItAnswers = (place: Place) =>
  asks({
    tool: "kubectl",
    args: [...inCluster(place), "get", "--raw", "/readyz"],
    timeoutMillis: oneAnswerMillis
  }).pipe(
    Effect.repeat({ until: ({ _tag }) => _tag === "Some", schedule: Schedule.spaced(askEvery) })
  )

/** What the steps after this one need to know of it. */
const known = (offset: number) =>
  Effect.gen(function*() {
    const nodes = yield* Nodes.nodes
    const addresses = Nodes.addressesOf(nodes, (yield* kindFile(offset)).mappings)
    return { nodes, addresses }
  })

export const ensureCluster = (
  place: Place,
  { hasCluster, offset }: { readonly hasCluster: boolean; readonly offset: number },
  say: Say
) =>
  Effect.gen(function*() {
    const isUnfinished = existsSync(unfinished(place))
    if (hasCluster && !isUnfinished) {
      const stopped = (yield* Nodes.nodes).filter(({ isRunning }) => !isRunning)
      if (stopped.length > 0) {
        say("starting its nodes")
        yield* startNodes(stopped)
      }
      yield* writeKubeconfig(place)
      say("waiting until it answers")
      yield* untilItAnswers(place)
      return { ...(stopped.length === 0 ? skipped("it runs") : done("started again")), ...(yield* known(offset)) }
    }
    if (hasCluster) {
      say("removing what was not finished")
      yield* remove(place)
    }
    yield* create(place, offset, say)
    yield* untilItAnswers(place)
    return { ...done(`${clusterName} is made`), ...(yield* known(offset)) }
  })

/** The time was up before it answered. */
export const noAnswer = (seconds: number) =>
  new Trouble({
    cause: `the cluster does not answer within ${seconds} s`,
    remedy: "run it again, or make it anew with: odd-dashboard down --cluster"
  })
