/** Live numbers of one process: for tests and for the embedded system, where they are made anew at each start. */
import type { LogRow } from "#domain/JobEvent.ts"
import { Clock, Effect, Layer } from "effect"
import { contributionOf, type LatencySum, type RateSum, type RecentEntry, slotOf } from "../LiveContribution.ts"
import {
  latencyBoundsMillis,
  latencyHorizonSeconds,
  latencyTypesKept,
  LiveStats,
  otherTypes,
  recentJobsKept,
  throughputHorizonSeconds,
  type ThroughputPoint,
  type TypeLatency
} from "../LiveStats.ts"

/** Rows per bitmap: 8 KiB each. */
const bitmapBits = 65_536n

interface Histograms {
  readonly wait: Array<number>
  readonly run: Array<number>
}

/** One set of numbers, from when they were cleared to when they are cleared again. */
interface Numbers {
  readonly generation: string
  /** Undefined before the first row. */
  epoch: number | undefined
  complete: boolean
  newestRowAt: number | undefined
  verified: bigint
  readonly bitmaps: Map<bigint, Uint8Array>
  readonly points: Map<number, ThroughputPoint>
  readonly slots: Map<number, Map<string, Histograms>>
  readonly recent: Map<string, RecentEntry>
}

const emptyNumbers = (generation: number): Numbers => ({
  generation: String(generation),
  epoch: undefined,
  complete: false,
  newestRowAt: undefined,
  verified: 0n,
  bitmaps: new Map(),
  points: new Map(),
  slots: new Map(),
  recent: new Map()
})

const obtain = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const there = map.get(key)
  if (there !== undefined) return there
  const made = make()
  map.set(key, made)
  return made
}

const bitOf = (id: bigint) => {
  const offset = Number(id % bitmapBits)
  return { byte: offset >> 3, mask: 1 << (offset & 7) }
}

const isCounted = ({ bitmaps, verified }: Numbers, id: bigint): boolean => {
  if (id <= verified) return true
  const { byte, mask } = bitOf(id)
  return ((bitmaps.get(id / bitmapBits)?.[byte] ?? 0) & mask) !== 0
}

const markCounted = ({ bitmaps }: Numbers, id: bigint) => {
  const { byte, mask } = bitOf(id)
  const bitmap = obtain(bitmaps, id / bitmapBits, () => new Uint8Array(Number(bitmapBits / 8n)))
  bitmap[byte] = (bitmap[byte] ?? 0) | mask
}

const addRate = ({ points }: Numbers, { count, rate, second }: RateSum) => {
  const point = points.get(second) ??
    { second, created: 0, started: 0, completed: 0, failed: 0, dead: 0, cancelled: 0 }
  points.set(second, { ...point, [rate]: point[rate] + count })
}

const noCounts = () => Array.from({ length: latencyBoundsMillis.length + 1 }, () => 0)

const addCounts = (counts: Array<number>, more: Iterable<readonly [number, number]>) => {
  for (const [bucket, count] of more) counts[bucket] = (counts[bucket] ?? 0) + count
}

const addLatency = ({ slots }: Numbers, { run, slot, type, wait }: LatencySum) => {
  const types = obtain(slots, slot, () => new Map<string, Histograms>())
  const name = types.has(type) || types.size < latencyTypesKept ? type : otherTypes
  const histograms = obtain(types, name, () => ({ wait: noCounts(), run: noCounts() }))
  addCounts(histograms.wait, wait)
  addCounts(histograms.run, run)
}

/** Newest first; jobs of the same millisecond by id, so that every order of arrival gives the same list. */
const byAge = (a: RecentEntry, b: RecentEntry): number => b.at - a.at || (a.jobId < b.jobId ? 1 : -1)

const addRecent = ({ recent }: Numbers, entry: RecentEntry) => {
  const known = recent.get(entry.jobId)
  if (known !== undefined && (known.at > entry.at || (known.at === entry.at && known.seq >= entry.seq))) return
  recent.set(entry.jobId, entry)
  if (recent.size <= recentJobsKept) return
  const oldest = [...recent.values()].reduce((last, one) => byAge(last, one) < 0 ? one : last)
  recent.delete(oldest.jobId)
}

const forgetOld = ({ points, slots }: Numbers, now: number) => {
  const second = Math.floor(now / 1_000)
  // Once in a while is enough: readers leave out what is too old.
  if (points.size > 2 * throughputHorizonSeconds) {
    for (const key of points.keys()) if (key < second - throughputHorizonSeconds) points.delete(key)
  }
  const oldestSlot = slotOf((second - latencyHorizonSeconds) * 1_000)
  for (const slot of slots.keys()) if (slot < oldestSlot) slots.delete(slot)
}

export const layer = Layer.sync(LiveStats, () => {
  let numbers = emptyNumbers(1)

  const begin = () => {
    numbers = emptyNumbers(Number(numbers.generation) + 1)
  }

  /** The epoch that counts: this one, unless a later one has begun. */
  const enterEpoch = (epoch: number): number => {
    if (numbers.epoch !== undefined && numbers.epoch >= epoch) return numbers.epoch
    if (numbers.epoch !== undefined) begin()
    numbers.epoch = epoch
    return epoch
  }

  const count = (row: LogRow, now: number): boolean => {
    if (enterEpoch(row.epoch) > row.epoch || isCounted(numbers, row.position.id)) return false
    markCounted(numbers, row.position.id)
    const { latencies, rates, recent } = contributionOf(row, now)
    for (const sum of rates) addRate(numbers, sum)
    for (const sum of latencies) addLatency(numbers, sum)
    for (const entry of recent) addRecent(numbers, entry)
    numbers.newestRowAt = Math.max(numbers.newestRowAt ?? 0, row.at)
    return true
  }

  const sumLatencies = (now: number): ReadonlyArray<TypeLatency> => {
    const oldestSlot = slotOf(now - latencyHorizonSeconds * 1_000)
    const sums = new Map<string, Histograms>()
    for (const [slot, types] of numbers.slots) {
      if (slot < oldestSlot) continue
      for (const [type, { run, wait }] of types) {
        const sum = obtain(sums, type, () => ({ wait: noCounts(), run: noCounts() }))
        addCounts(sum.wait, wait.entries())
        addCounts(sum.run, run.entries())
      }
    }
    return [...sums].map(([type, sum]) => ({ type, wait: sum.wait, run: sum.run })).toSorted((a, b) =>
      a.type < b.type ? -1 : 1
    )
  }

  return LiveStats.of({
    name: "memory",
    apply: (rows) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        forgetOld(numbers, now)
        return rows.reduce((counted, row) => count(row, now) ? counted + 1 : counted, 0)
      }),
    missing: (epoch, ids) =>
      Effect.sync(() =>
        numbers.epoch === undefined || numbers.epoch < epoch
          ? ids
          : numbers.epoch > epoch
          ? []
          : ids.filter((id) => !isCounted(numbers, id))
      ),
    progress: (epoch) =>
      Effect.sync(() =>
        enterEpoch(epoch) > epoch
          ? { generation: numbers.generation, verified: 0n, complete: true }
          : { generation: numbers.generation, verified: numbers.verified, complete: numbers.complete }
      ),
    advance: ({ complete, generation, verified }, epoch) =>
      Effect.sync(() => {
        if (generation !== numbers.generation || epoch !== numbers.epoch) return false
        if (verified > numbers.verified) numbers.verified = verified
        for (const key of numbers.bitmaps.keys()) {
          if ((key + 1n) * bitmapBits <= numbers.verified + 1n) numbers.bitmaps.delete(key)
        }
        numbers.complete ||= complete
        return true
      }),
    clear: Effect.sync(begin),
    throughput: (fromSecond) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const oldest = Math.max(fromSecond, Math.floor(now / 1_000) - throughputHorizonSeconds)
        return [...numbers.points.values()]
          .filter(({ second }) => second >= oldest)
          .toSorted((a, b) => a.second - b.second)
      }),
    latencies: Effect.map(Clock.currentTimeMillis, sumLatencies),
    recent: (limit) =>
      Effect.sync(() =>
        [...numbers.recent.values()].toSorted(byAge).slice(0, limit)
          .map(({ at, event, jobId, queue, type }) => ({ jobId, type, queue, event, at }))
      ),
    freshness: Effect.sync(() => ({ newestRowAt: numbers.newestRowAt, rebuilding: !numbers.complete }))
  })
})
