/**
 * What keeps a pod from running, and how long it may: much of it heals by itself while servers start and images come.
 * Pure; times are told.
 */
import { repositories } from "./ensureImages.ts"
import { type ContainerStatus, failedJobs, type ObjectOfCluster, type Pod, podsOf, workloadsOf } from "./Workloads.ts"

export interface PodTrouble {
  readonly pod: string
  readonly workload: string
  /** Undefined when it is of the pod as a whole. */
  readonly container: string | undefined
  readonly kind: "image" | "crash" | "memory" | "place" | "configuration" | "job"
  readonly cause: string
  readonly remedy: string
  /** It is waited for so long before it counts. */
  readonly graceMillis: number
  /** Whether the last words of the container tell more. */
  readonly hasLog: boolean
  /** How often it has begun anew; 0 where that does not matter. */
  readonly restarts: number
}

/** A registry that answers slowly, or not at once. */
const pullGraceMillis = 180_000
/** An image that is not there does not come by waiting; a mistyped answer of a mirror may pass. */
const absentImageGraceMillis = 20_000
/** Secrets and settings are applied in the same breath. */
const configurationGraceMillis = 20_000
/** A node begins, and volumes are made, within this. */
const placeGraceMillis = 60_000
/** Programs end while the servers that they need start; with the pauses between, so many take three minutes. */
const maxCrashes = 4
/** The same for one that has ended often before its servers ran: its pauses are long by then. */
const maxCrashesAfterwards = 2
/** Once may be a peak at the start. */
const maxMemoryEnds = 2

const absentImage = /not found|manifest unknown|access denied|invalid reference|InvalidImageName|ErrImageNeverPull/iu

const isOwn = (image: string | undefined): boolean =>
  image !== undefined && repositories.some((name) => image.includes(name))

const moreMemory = "give Docker more memory, or take less of the system with: odd-dashboard up --cluster --minimal"

const imageTrouble = (image: string | undefined, said: string) => ({
  kind: "image" as const,
  cause: `its image ${image ?? ""} cannot be had: ${said}`,
  remedy: isOwn(image)
    ? "run it again: it loads the images that the cluster lacks"
    : "look at the network and at limits of the registry, then run it again",
  graceMillis: absentImage.test(said) ? absentImageGraceMillis : pullGraceMillis,
  hasLog: false
})

type Found = Omit<PodTrouble, "pod" | "workload" | "container" | "restarts"> & { readonly restarts?: number }

const ofContainer = (workload: string, status: ContainerStatus): ReadonlyArray<Found> => {
  const { image, lastState, restartCount = 0, state } = status
  const reason = state?.waiting?.reason ?? ""
  const said = [reason, state?.waiting?.message].filter((text) => text !== undefined && text !== "").join(": ")
  const ended = state?.terminated ?? lastState?.terminated
  if (/^(ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|RegistryUnavailable)$/u.test(reason)) {
    return [imageTrouble(image, said)]
  }
  if (/^Create(Container|ContainerConfig)Error$|^RunContainerError$/u.test(reason)) {
    return [{
      kind: "configuration",
      cause: `its container cannot be made: ${said}`,
      remedy: "run it again; if it stays so, make the cluster anew with: odd-dashboard down --cluster",
      graceMillis: configurationGraceMillis,
      hasLog: false
    }]
  }
  if (ended?.reason === "OOMKilled" && state?.running === undefined && restartCount >= maxMemoryEnds - 1) {
    return [{
      kind: "memory",
      cause: `it was ended ${
        restartCount + (state?.terminated === undefined ? 0 : 1)
      } times for want of memory (OOMKilled)`,
      remedy: moreMemory,
      graceMillis: 0,
      hasLog: false
    }]
  }
  if (reason === "CrashLoopBackOff") {
    return [{
      kind: "crash",
      cause: `it ended ${restartCount + 1} times, at last with exit code ${ended?.exitCode ?? "?"}`,
      remedy: `read more with: odd-dashboard logs --cluster ${workload} --previous`,
      graceMillis: 0,
      hasLog: true,
      restarts: restartCount
    }]
  }
  return []
}

const ofPlace = ({ object }: Pod): ReadonlyArray<Found> => {
  const condition = object.status?.conditions?.find(({ reason, status, type }) =>
    type === "PodScheduled" && status === "False" && reason === "Unschedulable"
  )
  if (condition === undefined) return []
  const said = condition.message ?? "the scheduler does not say why"
  return [{
    kind: "place",
    cause: `no node takes it: ${said}`,
    remedy: /insufficient (memory|cpu)/iu.test(said)
      ? moreMemory.replace("more memory", "more memory and processors")
      : /persistentvolumeclaim|volume/iu.test(said)
      ? "look at the disk space of Docker, then run it again"
      : "look at the nodes with: odd-dashboard status --cluster, then run it again",
    graceMillis: placeGraceMillis,
    hasLog: false
  }]
}

const ofPod = (pod: Pod): ReadonlyArray<PodTrouble> => {
  const { object: { status }, name, workload } = pod
  const at = (container: string | undefined) => (found: Found): PodTrouble => ({
    restarts: 0,
    ...found,
    pod: name,
    workload,
    container
  })
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  return [
    ...ofPlace(pod).map(at(undefined)),
    ...containers.flatMap((container) => ofContainer(workload, container).map(at(container.name)))
  ]
}

/** A job that has given up; its pods tell why. */
const ofJobs = (objects: ReadonlyArray<ObjectOfCluster>, pods: ReadonlyArray<Pod>): ReadonlyArray<PodTrouble> =>
  failedJobs(objects).map(({ metadata: { name }, status }) => {
    const condition = status?.conditions?.find(({ type }) => type === "Failed")
    return {
      pod: pods.findLast(({ workload }) => workload === name)?.name ?? "",
      workload: name,
      container: undefined,
      kind: "job",
      cause: `the job has failed: ${condition?.message ?? condition?.reason ?? "it does not say why"}`,
      remedy: `read more with: odd-dashboard logs --cluster ${name}`,
      graceMillis: 0,
      hasLog: true,
      restarts: 0
    }
  })

export const troublesOf = (objects: ReadonlyArray<ObjectOfCluster>): ReadonlyArray<PodTrouble> => {
  const pods = podsOf(objects)
  return [...ofJobs(objects, pods), ...pods.flatMap(ofPod)]
}

/** What was seen of a trouble before. */
interface Seen {
  readonly since: number
  /** Restarts while the servers were not ready, which prove nothing. */
  readonly excused: number
}
export type Known = ReadonlyMap<string, Seen>

const keyOf = ({ container, kind, pod, workload }: PodTrouble): string =>
  [kind, workload, pod, container ?? ""].join("/")

const isBeyond = ({ graceMillis, kind, restarts }: PodTrouble, { excused, since }: Seen, now: number): boolean =>
  kind === "crash"
    ? restarts - excused >= (excused === 0 ? maxCrashes : maxCrashesAfterwards)
    : now - since >= graceMillis

/** What is known after another look, and the trouble that has lasted beyond its time, if one has. */
export const judge = (
  known: Known,
  objects: ReadonlyArray<ObjectOfCluster>,
  now: number
): { readonly known: Known; readonly all: ReadonlyArray<PodTrouble>; readonly last: PodTrouble | undefined } => {
  const servers = workloadsOf(objects).filter(({ kind }) => kind === "StatefulSet")
  const isExcused = (workload: string) =>
    servers.some(({ isReady }) => !isReady) && servers.every(({ name }) => name !== workload)
  const all = troublesOf(objects)
  const next = new Map(known)
  for (const trouble of all) {
    const before = known.get(keyOf(trouble))
    next.set(keyOf(trouble), {
      since: before?.since ?? now,
      excused: isExcused(trouble.workload) ? trouble.restarts : before?.excused ?? 0
    })
  }
  // What is gone begins anew when it comes back, but for crashes: between two of them the program runs.
  const keys = new Set(all.map(keyOf))
  for (const key of known.keys()) if (!keys.has(key) && !key.startsWith("crash/")) next.delete(key)
  const last = all.find((trouble) => {
    const seen = next.get(keyOf(trouble))
    return seen !== undefined && isBeyond(trouble, seen, now)
  })
  return { known: next, all, last }
}
