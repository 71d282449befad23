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

class NoneBefore extends Schema.TaggedError<NoneBefore>()("NoneBefore", { pods: Schema.Array(Schema.String) }) {
  override readonly [Runtime.errorExitCode] = exitCodes.notFound
  override get message() {
    return `nothing in ${this.pods.join(", ")} has begun anew yet: leave --previous out`
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

/** All containers of a pod when undefined. */
interface Source {
  readonly pod: string
  readonly container: string | undefined
}

/**
 * With `previous` those containers that had a run before: of a pod with one that had none kubectl says nothing at all, and
 * the one that waits for the migration seldom has.
 */
const sourcesOf = ({ previous }: LogsOptions) => ({ name, object: { status } }: Pod): ReadonlyArray<Source> =>
  previous
    ? [...status?.initContainerStatuses ?? [], ...status?.containerStatuses ?? []].flatMap((container) =>
      (container.restartCount ?? 0) > 0 ? [{ pod: name, container: container.name }] : []
    )
    : [{ pod: name, container: undefined }]

const oneLog = (place: Place, { follow, previous, tail }: LogsOptions, withName: boolean) => (source: Source) =>
  run({
    tool: "kubectl",
    args: [
      ...inCluster(place),
      "--namespace",
      namespace,
      "logs",
      source.pod,
      ...(source.container === undefined ? ["--all-containers"] : ["--container", source.container]),
      "--tail",
      String(tail),
      ...(follow ? ["--follow"] : []),
      ...(previous ? ["--previous"] : [])
    ],
    onLine: (line) => {
      const text = Output.safe(line.replaceAll("\t", "  "))
      process.stdout.write(withName ? `${Output.style.dim(source.pod)}  ${text}\n` : `${text}\n`)
    },
    purpose: `read the log of ${source.pod}`,
    remedies: [[/waiting to start/iu, "see what it waits for with: odd-dashboard status --cluster"]]
  })

export const clusterLogs = (options: LogsOptions) =>
  Effect.gen(function*() {
    const { place } = yield* running
    const pods = podsOf(yield* readObjects(place))
    const { program } = options
    const wanted = pods.filter(({ workload }) => program === undefined || workload === program)
    if (wanted.length === 0) {
      const known = [...new Set(pods.map(({ workload }) => workload))].toSorted()
      return yield* new NoSuchProgram({ name: program ?? "", known })
    }
    const sources = wanted.flatMap(sourcesOf(options)).slice(0, maxStreams)
    if (sources.length === 0) return yield* new NoneBefore({ pods: wanted.map(({ name }) => name) })
    const isOne = sources.length === 1
    const log = oneLog(place, options, !isOne)
    // One that has not begun says nothing yet, and the others are read all the same.
    const logOrWhy = (source: Source) =>
      isOne ? log(source) : Effect.catch(log(source), ({ message }) => Output.note(message))
    // One after the other they can be read; followed, they come as they are said.
    yield* Effect.forEach(sources, logOrWhy, { discard: true, concurrency: options.follow ? "unbounded" : 1 })
  })
