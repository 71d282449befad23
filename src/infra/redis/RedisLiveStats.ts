/**
 * The live numbers in Redis, each row counted by one script (rule 25). Redis must keep what it is given: `noeviction`.
 *
 * Losing everything is found by the generation's key being gone: the next script begins another generation, which is
 * not complete until somebody has gone over the archive.
 */
import type { LogRow } from "#domain/JobEvent.ts"
import { contributionOf, type LiveContribution, slotOf } from "#services/ports/LiveContribution.ts"
import {
  latencyHorizonSeconds,
  LiveStats,
  LiveStatsError,
  throughputHorizonSeconds
} from "#services/ports/LiveStats.ts"
import { Clock, Effect, Layer } from "effect"
import type { Redis as Client } from "ioredis"
import { latenciesFrom, pointsFrom, recentFrom } from "./liveReplies.ts"
import { advanceScript, applyScript, clearScript, missingScript, progressScript } from "./liveScripts.ts"
import { Redis } from "./Redis.ts"
import { evaluate } from "./Script.ts"

/** The braces keep all keys in one cluster slot. */
export const defaultPrefix = "{odto}:"

const bitmapBits = 65_536n
/** Arguments of one script call at most, but for a single row: Redis does nothing else meanwhile. */
const maxArguments = 4_000

export interface Options {
  /** Before every key. Default: `{odto}:`. */
  readonly prefix?: string
}

export const layer = ({ prefix = defaultPrefix }: Options = {}): Layer.Layer<LiveStats, never, Redis> =>
  Layer.effect(
    LiveStats,
    Effect.gen(function*() {
      const redis = yield* Redis
      const generationKey = `${prefix}generation`

      const run = <A>(operation: string, body: (client: Client) => Promise<A>) =>
        Effect.mapError(redis.use(operation, body), ({ cause }) => new LiveStatsError({ operation, cause }))

      /** Reads from the current generation; `absent` when there is none. */
      const read = <A>(operation: string, absent: A, body: (client: Client, base: string) => Promise<A>) =>
        run(operation, async (client) => {
          const generation = await client.get(generationKey)
          return generation === null ? absent : body(client, `${prefix}${generation}:`)
        })

      return LiveStats.of({
        name: "redis",
        apply: Effect.fnUntraced(function*(rows) {
          if (rows.length === 0) return 0
          const now = yield* Clock.currentTimeMillis
          const counted = yield* run("count rows", (client) =>
            Promise.all(
              callsOf(rows, now).map((args) => evaluate(client, applyScript, generationKey, [prefix, ...args]))
            ))
          return counted.reduce<number>((sum, one) => sum + Number(one), 0)
        }),
        missing: Effect.fnUntraced(function*(epoch, ids) {
          if (ids.length === 0) return []
          const places = yield* run("look for rows", (client) =>
            evaluate(client, missingScript, generationKey, [prefix, epoch, ...ids.flatMap(marksOf)]))
          if (!Array.isArray(places)) {
            return []
          }
          return places.flatMap((place) => {
            const id = ids[Number(place) - 1]
            return id === undefined ? [] : [id]
          })
        }),
        progress: (epoch) =>
          Effect.map(
            run("say how far it is", (client) =>
              evaluate(client, progressScript, generationKey, [prefix, epoch])),
            (reply) => {
              const [generation, verified, complete] = Array.isArray(reply) ? reply.map(String) : []
              return { generation: generation ?? "", verified: BigInt(verified ?? 0), complete: complete === "1" }
            }
          ),
        advance: ({ complete, generation, verified }, epoch) =>
          Effect.map(
            run("go on", (client) =>
              evaluate(client, advanceScript, generationKey, [
                prefix,
                epoch,
                generation,
                String(verified),
                String((verified + 1n) / bitmapBits),
                complete ? 1 : 0
              ])),
            (moved) => moved === 1
          ),
        clear: Effect.asVoid(
          run("forget", (client) => evaluate(client, clearScript, generationKey, [prefix]))
        ),
        throughput: Effect.fnUntraced(function*(fromSecond) {
          const second = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
          const from = Math.max(fromSecond, second - throughputHorizonSeconds)
          const minutes = range(Math.floor(from / 60), Math.floor(second / 60) + 1)
          return yield* read("tell the throughput", [], async (client, base) =>
            pointsFrom(
              minutes,
              await Promise.all(minutes.map((minute) => client.hgetall(`${base}rate:${minute}`)))
            ).filter((point) => point.second >= from))
        }),
        latencies: Effect.gen(function*() {
          const now = yield* Clock.currentTimeMillis
          const slots = range(slotOf(now - latencyHorizonSeconds * 1_000), slotOf(now) + 1)
          return yield* read("tell the latencies", [], async (client, base) =>
            latenciesFrom(
              await Promise.all(slots.map((slot) => client.hgetall(`${base}latency:${slot}`)))
            ))
        }),
        recent: (limit) =>
          read("tell the recent jobs", [], async (client, base) => {
            const jobs = limit < 1 ? [] : await client.zrevrange(`${base}recent`, 0, limit - 1, "WITHSCORES")
            const ids = jobs.filter((_, index) => index % 2 === 0)
            const details = ids.length === 0 ? [] : await client.hmget(`${base}recent:detail`, ...ids)
            return recentFrom(jobs, details)
          }),
        freshness: read("say how old it is", { newestRowAt: undefined, rebuilding: true }, async (client, base) => {
          const [newest, complete] = await client.hmget(`${base}state`, "newest", "complete")
          return {
            newestRowAt: newest === undefined || newest === null ? undefined : Number(newest),
            rebuilding: complete !== "1"
          }
        })
      })
    })
  )

/** Both ends included. */
const range = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)

const marksOf = (id: bigint) => [String(id), String(id / bitmapBits), String(id % bitmapBits)]

/** The arguments of each call: rows together, as far as they fit. */
const callsOf = (rows: ReadonlyArray<LogRow>, now: number): ReadonlyArray<ReadonlyArray<string | number>> => {
  const calls: Array<Array<string | number>> = []
  let call: Array<string | number> = []
  for (const row of rows) {
    const args = argumentsOf(contributionOf(row, now))
    if (call.length > 0 && call.length + args.length > maxArguments) {
      calls.push(call)
      call = []
    }
    call.push(row.epoch, ...marksOf(row.position.id), row.at, args.length, ...args)
  }
  calls.push(call)
  return calls
}

/** As the script reads them. */
const argumentsOf = ({ latencies, rates, recent }: LiveContribution): ReadonlyArray<string | number> => {
  const args: Array<string | number> = [rates.length]
  for (const { count, rate, second } of rates) args.push(Math.floor(second / 60), `${second % 60}:${rate}`, count)
  args.push(latencies.length)
  for (const { run, slot, type, wait } of latencies) {
    args.push(slot, type, wait.size + run.size)
    for (const [bucket, count] of wait) args.push(`w${bucket}`, count)
    for (const [bucket, count] of run) args.push(`r${bucket}`, count)
  }
  args.push(recent.length)
  for (const { at, event, jobId, queue, seq, type } of recent) args.push(jobId, at, `${seq} ${type} ${queue} ${event}`)
  return args
}
