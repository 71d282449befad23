/** `logs --cluster`: what the programs in the cluster say. */
import { Effect, Runtime, Schema } from "effect"
import { exitCodes } from "../exitCodes.ts"
import * as Output from "../Output.ts"
import { inCluster, namespace, type Place, run } from "./place.ts"
import { running } from "./reach.ts"
import { type Pod, podsOf, readObjects } from "./Workloads.ts"

class NoSuchProgram extends Schema.TaggedError<NoSuchProgram>()("NoSuchProgram", {
  name: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.notFound
  override get message() {
    return this.known.length === 0
      ? "nothing runs in the cluster yet; go on with: odd-dashboard up --cluster"
      : `no ${this.name} in the cluster; there are: ${this.known.join(", ")}`
  }
}

export interface LogsOptions {
  /** Of all when undefined. */
  readonly program: string | undefined
  readonly follow: boolean
  /** Of the run before the last restart. */
  readonly previous: boolean
  readonly tail: number
}

/** Pods that are followed at once: each is a process here and a stream of the API server. */
const maxStreams = 50

const oneLog = (place: Place, { follow, previous, tail }: LogsOptions, withName: boolean) => (pod: Pod) =>
  run({
    tool: "kubectl",
    args: [
      ...inCluster(place),
      "--namespace",
      namespace,
      "logs",
      pod.name,
      "--all-containers",
      "--tail",
      String(tail),
      ...(follow ? ["--follow"] : []),
      ...(previous ? ["--previous"] : [])
    ],
    onLine: (line) => {
      const text = Output.safe(line.replaceAll("\t", "  "))
      process.stdout.write(withName ? `${Output.style.dim(pod.name)}  ${text}\n` : `${text}\n`)
    },
    purpose: `read the log of ${pod.name}`,
    remedies: [[/previous terminated container/iu, "it has not begun anew yet: leave --previous out"]]
  })

export const clusterLogs = (options: LogsOptions) =>
  Effect.gen(function*() {
    const { place } = yield* running
    const pods = podsOf(yield* readObjects(place))
    const { program } = options
    const wanted = pods.filter(({ workload }) => program === undefined || workload === program).slice(0, maxStreams)
    if (wanted.length === 0) {
      const known = [...new Set(pods.map(({ workload }) => workload))].toSorted()
      return yield* new NoSuchProgram({ name: program ?? "", known })
    }
    // One after the other they can be read; followed, they come as they are said.
    const log = oneLog(place, options, wanted.length > 1)
    yield* Effect.forEach(wanted, log, { discard: true, concurrency: options.follow ? "unbounded" : 1 })
  })
