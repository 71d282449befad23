/** Workloads and pods as the API of a cluster describes them. */

const programs = ["gateway", "dispatcher", "processor", "metrics-engine", "read-model", "prometheus", "grafana"]
const servers = ["postgres", "rabbitmq", "redis", "mongodb"]

const owner = (kind: string, name: string) => [{ kind, name, apiVersion: "apps/v1", uid: "1" }]

/** All of them; `ready` says which run. */
export const workloads = (ready: (name: string) => boolean): ReadonlyArray<object> => [
  ...programs.flatMap((name) => {
    const count = ready(name) ? 1 : 0
    return [
      {
        kind: "Deployment",
        metadata: { name, generation: 1 },
        spec: { replicas: 1 },
        status: {
          observedGeneration: 1,
          replicas: 1,
          updatedReplicas: 1,
          ...(count === 0 ? {} : { readyReplicas: 1, availableReplicas: 1 })
        }
      },
      {
        kind: "ReplicaSet",
        metadata: {
          name: `${name}-5f`,
          annotations: { "deployment.kubernetes.io/revision": "2" },
          ownerReferences: owner("Deployment", name)
        },
        spec: { replicas: 1 },
        status: { replicas: 1 }
      }
    ]
  }),
  ...servers.map((name) => ({
    kind: "StatefulSet",
    metadata: { name, generation: 1 },
    spec: { replicas: 1 },
    status: {
      observedGeneration: 1,
      replicas: 1,
      updateRevision: `${name}-1`,
      currentRevision: `${name}-1`,
      ...(ready(name) ? { readyReplicas: 1 } : {})
    }
  }))
]

export const migrationJob = (annotations: Readonly<Record<string, string>>, condition?: "Complete" | "Failed") => ({
  kind: "Job",
  metadata: { name: "migrate", generation: 1, annotations },
  spec: { completions: 1 },
  status: condition === undefined
    ? {}
    : {
      ...(condition === "Complete" ? { succeeded: 1 } : { failed: 4 }),
      conditions: [{
        type: condition,
        status: "True",
        ...(condition === "Failed"
          ? { reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" }
          : {})
      }]
    }
})

/** A pod of a deployment, or of a server or job where that is what the workload is. */
export const pod = (workload: string, status: object): object => {
  const [name, ownerReferences] = servers.includes(workload)
    ? [`${workload}-0`, owner("StatefulSet", workload)]
    : workload === "migrate"
    ? ["migrate-x1", owner("Job", workload)]
    : [`${workload}-5f-abcde`, owner("ReplicaSet", `${workload}-5f`)]
  return { kind: "Pod", metadata: { name, ownerReferences, labels: {} }, status: { phase: "Pending", ...status } }
}

export interface ContainerSays {
  readonly reason: string
  readonly message?: string
  readonly image?: string
  readonly restartCount?: number
  /** How its last run ended. */
  readonly last?: { readonly reason: string; readonly exitCode: number }
}

/** A container that waits, with the reason that kubelet gives. */
export const waiting = ({ image = "postgres:17", last, message, reason, restartCount = 0 }: ContainerSays) => ({
  containerStatuses: [{
    name: "main",
    image,
    ready: false,
    restartCount,
    state: { waiting: { reason, ...(message === undefined ? {} : { message }) } },
    lastState: last === undefined ? {} : { terminated: last }
  }]
})

export const unschedulable = (message: string) => ({
  conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }]
})
