/**
 * A lane: the types of a queue that the same live workers serve. They share a window and wait for each other in order of
 * rank; what other workers serve has a window of its own, so that a type whose workers are busy holds up nobody else.
 */
import type { JobTypeName, QueueName } from "./Job.ts"

export interface Lane {
  /** In their order; not empty. */
  readonly types: ReadonlyArray<JobTypeName>
  /** Slots of the workers that serve it. */
  readonly liveSlots: number
  readonly queued: number
  readonly dispatched: number
  /** Claims since the queue was made; the difference of two readings is a rate. */
  readonly claims: number
}

export interface LiveWorker {
  readonly id: string
  readonly slots: number
  /** Undefined: all queues. */
  readonly queues: ReadonlyArray<QueueName> | undefined
  readonly types: ReadonlyArray<JobTypeName>
}

/** Jobs of one type in one queue. */
export interface TypeCounts {
  readonly type: JobTypeName
  readonly queued: number
  readonly dispatched: number
  readonly claims: number
}

/** Types by the workers that serve them. */
const groups = (workers: ReadonlyArray<LiveWorker>) => {
  const servers = new Map<JobTypeName, Array<LiveWorker>>()
  for (const worker of workers) {
    for (const type of new Set(worker.types)) {
      const known = servers.get(type)
      if (known === undefined) servers.set(type, [worker])
      else known.push(worker)
    }
  }
  const keyOf = (serving: ReadonlyArray<LiveWorker>) => serving.map(({ id }) => id).toSorted().join(" ")
  return [...Map.groupBy([...servers].toSorted(([a], [b]) => a < b ? -1 : 1), ([, serving]) => keyOf(serving)).values()]
    .map((members) => ({
      types: members.map(([type]) => type),
      liveSlots: members[0]?.[1].reduce((sum, { slots }) => sum + slots, 0) ?? 0
    }))
}

/** Finds the lanes of queues; queues that the same workers serve are grouped once. */
export const makeLanes = (workers: ReadonlyArray<LiveWorker>) => {
  const known = new Map<string, ReturnType<typeof groups>>()
  return (queue: QueueName, counts: ReadonlyArray<TypeCounts>): ReadonlyArray<Lane> => {
    const serving = workers.filter(({ queues }) => queues === undefined || queues.includes(queue))
    const key = serving.map(({ id }) => id).join(" ")
    const grouped = known.get(key) ?? groups(serving)
    known.set(key, grouped)
    const byType = new Map(counts.map((count) => [count.type, count]))
    const sum = (types: ReadonlyArray<JobTypeName>, of: "queued" | "dispatched" | "claims") =>
      types.reduce((total, type) => total + (byType.get(type)?.[of] ?? 0), 0)
    return grouped.map(({ liveSlots, types }) => ({
      types,
      liveSlots,
      queued: sum(types, "queued"),
      dispatched: sum(types, "dispatched"),
      claims: sum(types, "claims")
    }))
  }
}
