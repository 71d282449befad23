/** What runs in the cluster, as its API tells it: how much of each workload is ready. Pure. */
import { Effect, Schema } from "effect"
import { inCluster, namespace, type Place, run } from "./place.ts"
import { Trouble } from "./Steps.ts"

const optional = Schema.optionalKey

const Condition = Schema.Struct({
  type: Schema.String,
  status: Schema.String,
  reason: optional(Schema.String),
  message: optional(Schema.String)
})

const Ended = Schema.Struct({
  reason: optional(Schema.String),
  exitCode: optional(Schema.Int),
  message: optional(Schema.String)
})
const ContainerState = Schema.Struct({
  waiting: optional(Schema.Struct({ reason: optional(Schema.String), message: optional(Schema.String) })),
  running: optional(Schema.Unknown),
  terminated: optional(Ended)
})
const ContainerStatus = Schema.Struct({
  name: Schema.String,
  image: optional(Schema.String),
  ready: optional(Schema.Boolean),
  restartCount: optional(Schema.Int),
  state: optional(ContainerState),
  lastState: optional(ContainerState)
})
export type ContainerStatus = typeof ContainerStatus.Type

export const ObjectOfCluster = Schema.Struct({
  kind: Schema.String,
  metadata: Schema.Struct({
    name: Schema.String,
    generation: optional(Schema.Int),
    deletionTimestamp: optional(Schema.String),
    labels: optional(Schema.Record(Schema.String, Schema.String)),
    annotations: optional(Schema.Record(Schema.String, Schema.String)),
    ownerReferences: optional(Schema.Array(Schema.Struct({ kind: Schema.String, name: Schema.String })))
  }),
  spec: optional(Schema.Struct({ replicas: optional(Schema.Int), completions: optional(Schema.NullOr(Schema.Int)) })),
  status: optional(Schema.Struct({
    phase: optional(Schema.String),
    reason: optional(Schema.String),
    message: optional(Schema.String),
    observedGeneration: optional(Schema.Int),
    replicas: optional(Schema.Int),
    updatedReplicas: optional(Schema.Int),
    readyReplicas: optional(Schema.Int),
    availableReplicas: optional(Schema.Int),
    updateRevision: optional(Schema.String),
    currentRevision: optional(Schema.String),
    succeeded: optional(Schema.Int),
    conditions: optional(Schema.Array(Condition)),
    initContainerStatuses: optional(Schema.Array(ContainerStatus)),
    containerStatuses: optional(Schema.Array(ContainerStatus))
  }))
})
export type ObjectOfCluster = typeof ObjectOfCluster.Type

const ObjectList = Schema.fromJsonString(Schema.Struct({ items: Schema.Array(ObjectOfCluster) }))
const decodeList = Schema.decodeUnknownEffect(ObjectList)

/** One answer of the API takes so long at most; the next one is asked for soon. */
const patienceMillis = 30_000

export const readObjects = (place: Place) =>
  run({
    tool: "kubectl",
    args: [
      ...inCluster(place),
      "--namespace",
      namespace,
      "get",
      "deployments,replicasets,statefulsets,jobs,pods",
      "--output",
      "json"
    ],
    purpose: "look at what runs in the cluster",
    timeoutMillis: patienceMillis
  }).pipe(
    Effect.flatMap((text) =>
      Effect.mapError(decodeList(text), ({ message }) =>
        new Trouble({
          cause: `kubectl describes workloads in a way that is not understood: ${message.split("\n", 1)[0]}`,
          remedy: "take a current version of kubectl"
        }))
    ),
    Effect.map(({ items }) => items)
  )

export interface Workload {
  readonly kind: "Deployment" | "StatefulSet" | "Job"
  readonly name: string
  readonly ready: number
  readonly wanted: number
  readonly isReady: boolean
}

const isTrue = ({ status }: ObjectOfCluster, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === "True") === true

/** The API has seen the newest of what was applied. */
const isSeen = ({ metadata, status }: ObjectOfCluster): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)

const workloadOf = (of: ObjectOfCluster): ReadonlyArray<Workload> => {
  const { kind, metadata: { name, ownerReferences = [] }, spec, status } = of
  const wanted = spec?.replicas ?? 1
  switch (kind) {
    case "Deployment": {
      const ready = Math.min(status?.updatedReplicas ?? 0, status?.availableReplicas ?? 0)
      const isReady = isSeen(of) && ready >= wanted && (status?.replicas ?? 0) === (status?.updatedReplicas ?? 0)
      return [{ kind, name, ready, wanted, isReady }]
    }
    case "StatefulSet": {
      const isUpdated = status?.updateRevision === status?.currentRevision ||
        (status?.updatedReplicas ?? 0) >= wanted
      const ready = status?.readyReplicas ?? 0
      return [{ kind, name, ready, wanted, isReady: isSeen(of) && isUpdated && ready >= wanted }]
    }
    case "Job": {
      // Those of a schedule come and go.
      if (ownerReferences.length > 0) return []
      return [{
        kind,
        name,
        ready: status?.succeeded ?? 0,
        wanted: spec?.completions ?? 1,
        isReady: isTrue(of, "Complete")
      }]
    }
    default:
      return []
  }
}

export const workloadsOf = (objects: ReadonlyArray<ObjectOfCluster>): ReadonlyArray<Workload> =>
  objects.flatMap(workloadOf)

/** `postgres 0/1`, for those that are not ready yet. */
export const waitingFor = (workloads: ReadonlyArray<Workload>): string =>
  workloads.filter(({ isReady }) => !isReady).map(({ name, ready, wanted }) => `${name} ${ready}/${wanted}`).join(", ")

/** Newest set of pods of each deployment; older ones go, in whatever state they are. */
const newestSets = (objects: ReadonlyArray<ObjectOfCluster>): ReadonlySet<string> => {
  const newest = new Map<string, { readonly name: string; readonly revision: number }>()
  for (const { kind, metadata } of objects) {
    const owner = metadata.ownerReferences?.find(({ kind }) => kind === "Deployment")
    if (kind !== "ReplicaSet" || owner === undefined) continue
    const revision = Number(metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0)
    if (revision >= (newest.get(owner.name)?.revision ?? 0)) newest.set(owner.name, { name: metadata.name, revision })
  }
  return new Set([...newest.values()].map(({ name }) => name))
}

export interface Pod {
  readonly name: string
  /** Name of the deployment, stateful set or job that it belongs to. */
  readonly workload: string
  readonly object: ObjectOfCluster
}

/** Pods that are there to stay. */
export const podsOf = (objects: ReadonlyArray<ObjectOfCluster>): ReadonlyArray<Pod> => {
  const newest = newestSets(objects)
  const owners = new Map(
    objects.flatMap(({ kind, metadata }) =>
      kind === "ReplicaSet" ? [[metadata.name, metadata.ownerReferences?.[0]?.name ?? metadata.name] as const] : []
    )
  )
  return objects.flatMap((object) => {
    const { kind, metadata } = object
    if (kind !== "Pod" || metadata.deletionTimestamp !== undefined) return []
    const owner = metadata.ownerReferences?.[0]
    if (owner?.kind === "ReplicaSet" && owners.has(owner.name) && !newest.has(owner.name)) return []
    const workload = owner === undefined ? metadata.name : owners.get(owner.name) ?? owner.name
    return [{ name: metadata.name, workload, object }]
  })
}

export const failedJobs = (objects: ReadonlyArray<ObjectOfCluster>): ReadonlyArray<ObjectOfCluster> =>
  objects.filter((object) =>
    object.kind === "Job" && (object.metadata.ownerReferences ?? []).length === 0 && isTrue(object, "Failed")
  )
