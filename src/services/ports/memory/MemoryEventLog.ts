/** The event log in memory: every row is closed as soon as it is written. */
import type { LogRow } from "#domain/JobEvent.ts"
import { compare, type Position, start } from "#domain/Position.ts"
import { Effect, Layer, Option } from "effect"
import { EventLog } from "../EventLog.ts"
import { MemoryDatabase } from "./MemoryDatabase.ts"

/** Restores and fail-overs do not happen in memory. */
const epoch = 1

/** Index of the first row after the position. */
const indexAfter = (log: ReadonlyArray<LogRow>, position: Position): number => {
  let low = 0
  let high = log.length
  while (low < high) {
    const middle = (low + high) >> 1
    const row = log[middle]
    if (row !== undefined && compare(row.position, position) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

export const layer: Layer.Layer<EventLog, never, MemoryDatabase> = Layer.effect(
  EventLog,
  Effect.gen(function*() {
    const database = yield* MemoryDatabase
    const write = <A>(method: keyof EventLog["Service"], body: Parameters<typeof database.write<A>>[2]) =>
      database.write("event-log", `EventLog.${method}`, body)

    return EventLog.of({
      lead: (holder, leaseMillis) =>
        write("lead", ({ now, tables: { relay } }) => {
          if (relay.holder !== holder && relay.leaseUntil > now) return Option.none()
          relay.holder = holder
          relay.leaseUntil = now + leaseMillis
          return Option.some({ epoch, cursor: relay.cursor })
        }),
      advance: (holder, from, to) =>
        write("advance", ({ tables: { relay } }) => {
          if (relay.holder !== holder) return false
          // A cursor that is there already was moved by an earlier call whose answer was lost.
          if (compare(relay.cursor, to) === 0) return true
          if (compare(relay.cursor, from) !== 0) return false
          relay.cursor = to
          return true
        }),
      after: (position, limit) =>
        database.read("EventLog.after", ({ log }) => {
          const first = indexAfter(log, position)
          return log.slice(first, first + limit)
        }),
      placesAfter: (position, limit) =>
        database.read("EventLog.placesAfter", ({ log }) => {
          const first = indexAfter(log, position)
          return log.slice(first, first + limit).map((row) => ({
            epoch: row.epoch,
            position: row.position,
            at: row.at
          }))
        }),
      byIds: (ids) =>
        database.read("EventLog.byIds", ({ log }) => {
          const wanted = new Set(ids)
          return log.filter((row) => wanted.has(row.position.id))
        }),
      before: (position, limit) =>
        database.read("EventLog.before", ({ log }) => {
          const after = position === undefined ? log.length : indexAfter(log, position)
          const end = after > 0 && position !== undefined && compare(log[after - 1]?.position ?? start, position) === 0
            ? after - 1
            : after
          return log.slice(Math.max(0, end - limit), end).toReversed()
        }),
      oldestSince: (atMillis) =>
        database.read("EventLog.oldestSince", ({ log }) =>
          log.reduce<number | undefined>(
            (oldest, { at }) => at > atMillis && (oldest === undefined || at < oldest) ? at : oldest,
            undefined
          )),
      ofJob: (jobId) => database.read("EventLog.ofJob", ({ logOfJob }) => [...logOfJob.get(jobId) ?? []]),
      head: database.read("EventLog.head", ({ log, relay }, now) => {
        const waiting = log[indexAfter(log, relay.cursor)]
        return {
          epoch,
          closed: log.at(-1)?.position ?? relay.cursor,
          oldest: log[0]?.position,
          relayed: relay.cursor,
          relayLagMillis: waiting === undefined ? 0 : now - waiting.at
        }
      }),
      prune: (verified, horizonMillis, limit) =>
        write("prune", ({ now, tables }) => {
          const { log, relay } = tables
          const young = log.findIndex((row) => row.at > now - horizonMillis)
          const pruned = log.slice(
            0,
            Math.min(
              limit,
              young === -1 ? log.length : young,
              indexAfter(log, verified),
              indexAfter(log, relay.cursor)
            )
          )
          tables.log = tables.log.slice(pruned.length)
          for (const row of pruned) {
            for (const { job } of row.events) {
              if (job === undefined) continue
              const left = (tables.logOfJob.get(job) ?? []).filter((other) => other !== row)
              if (left.length === 0) tables.logOfJob.delete(job)
              else tables.logOfJob.set(job, left)
            }
          }
          return pruned.length
        })
    })
  })
)
