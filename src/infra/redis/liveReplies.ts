/** What Redis answers about the live numbers, read back. */
import {
  latencyBoundsMillis,
  type RecentJob,
  type ThroughputPoint,
  type TypeLatency
} from "#services/ports/LiveStats.ts"

type Hash = Readonly<Record<string, string>>

/** From `rate:<minute>`: `<second>:<rate>` → count. Oldest second first. */
export const pointsFrom = (
  minutes: ReadonlyArray<number>,
  hashes: ReadonlyArray<Hash>
): ReadonlyArray<ThroughputPoint> => {
  const points = new Map<number, Record<string, number>>()
  for (const [index, hash] of hashes.entries()) {
    const start = (minutes[index] ?? 0) * 60
    for (const [field, count] of Object.entries(hash)) {
      const [offset, rate = ""] = field.split(":")
      const second = start + Number(offset)
      const point = points.get(second) ?? {}
      point[rate] = Number(count)
      points.set(second, point)
    }
  }
  return [...points]
    .toSorted(([a], [b]) => a - b)
    .map(([second, { cancelled = 0, completed = 0, created = 0, dead = 0, failed = 0, started = 0 }]) => ({
      second,
      created,
      started,
      completed,
      failed,
      dead,
      cancelled
    }))
}

const noCounts = (): Array<number> => Array.from({ length: latencyBoundsMillis.length + 1 }, () => 0)

/** From `latency:<slot>`: `<type> <w or r><bucket>` → count, summed over the slots. By type name. */
export const latenciesFrom = (hashes: ReadonlyArray<Hash>): ReadonlyArray<TypeLatency> => {
  const sums = new Map<string, { readonly wait: Array<number>; readonly run: Array<number> }>()
  for (const hash of hashes) {
    for (const [field, count] of Object.entries(hash)) {
      const [type = "", kind = ""] = field.split(" ")
      const sum = sums.get(type) ?? { wait: noCounts(), run: noCounts() }
      sums.set(type, sum)
      const counts = kind.startsWith("w") ? sum.wait : sum.run
      const bucket = Number(kind.slice(1))
      counts[bucket] = (counts[bucket] ?? 0) + Number(count)
    }
  }
  return [...sums]
    .map(([type, { run, wait }]) => ({ type, wait, run }))
    .toSorted((a, b) => a.type < b.type ? -1 : 1)
}

/** From `recent` with scores and `recent:detail`; a job that left the list between the two is left out. */
export const recentFrom = (
  jobs: ReadonlyArray<string>,
  details: ReadonlyArray<string | null>
): ReadonlyArray<RecentJob> =>
  details.flatMap((detail, index) => {
    const [jobId, at] = [jobs[2 * index], jobs[2 * index + 1]]
    if (detail === null || jobId === undefined || at === undefined) return []
    const [, type = "", queue = "", event = ""] = detail.split(" ")
    return [{ jobId, type, queue, event, at: Number(at) }]
  })
