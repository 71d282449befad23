/**
 * The event log as it grows, for any number of readers, without a gap (rule 26).
 *
 *     broker's live feed ──(previous = last)──> buffer ──> reader at its own position ──> client
 *            │ hole, or silence for a second       ^                │ position before the buffer
 *            └───────> event log, after `last` ────┘                └──> event log, page by page; older still: reset
 *
 * A reader holds nothing but its position and the page in its hands: a slow client costs no memory and reads on from the
 * buffer or the log when it is ready. The log is authoritative; the broker only makes it fast.
 */
import type { StreamReset } from "#domain/contract/ReadModelViews.ts"
import type { LogRow } from "#domain/JobEvent.ts"
import { compare, type Position, start } from "#domain/Position.ts"
import { Context, Deferred, Effect, Layer, Option, Schema, Stream } from "effect"
import { Broker, type SpineMessage } from "../ports/Broker.ts"
import { EventLog } from "../ports/EventLog.ts"
import { Metrics } from "../ports/Metrics.ts"
import type { StoreError } from "../ports/StoreError.ts"
import { keepGoing } from "../Supervised.ts"
import * as FeedBuffer from "./FeedBuffer.ts"
import * as FeedPosition from "./FeedPosition.ts"

/** Streams that one program serves; each holds a socket and a page. */
export const maxReaders = 1_000
/** Events in the hands of one reader: what a client may have waiting in this program. */
const pageEvents = 2_000
/** Rows in one read of the log: up to 256 KiB each. */
const pageRows = 20
/** Without news from the broker the log itself is read this often. */
const sweepInterval = "1 second"
/** A screen that asks how old its numbers are waits for the log no longer than this. */
const logPatience = "1 second"
/** A quiet stream says that it lives this often: proxies close what is silent for a minute. */
export const heartbeatInterval = "15 seconds"

export class TooManyReaders extends Schema.TaggedError<TooManyReaders>()("TooManyReaders", { limit: Schema.Int }) {
  override get message() {
    return `${this.limit} streams are open already`
  }
}

/** `id` is where to go on after the item. */
export type FeedItem =
  | { readonly _tag: "Row"; readonly id: string; readonly row: LogRow }
  /** Nothing happened; or the stream begins. */
  | { readonly _tag: "Quiet"; readonly id: string }
  /** The stream cannot go on where the reader was; it goes on from `id`. */
  | { readonly _tag: "Reset"; readonly id: string; readonly reason: StreamReset["reason"] }

export class LiveFeed extends Context.Service<LiveFeed, {
  /**
   * Rows after the position (as `FeedPosition` spells it), or from now on. The stream ends only when the program stops;
   * while the store is away it waits. Fails when the log cannot be read at the start.
   */
  readonly follow: (
    lastEventId: string | undefined
  ) => Effect.Effect<Stream.Stream<FeedItem>, TooManyReaders | StoreError>
  /**
   * When the oldest row was written that was written after this instant, by the store's clock. While the log cannot be
   * asked, of those rows that the feed has heard of.
   */
  readonly oldestSince: (atMillis: number) => Effect.Effect<number | undefined>
  /** Ends all streams: open streams would hold up the shutdown of the server. */
  readonly end: Effect.Effect<void>
}>()("odto/services/read-model/LiveFeed") {
  static readonly layer = Layer.effect(
    LiveFeed,
    Effect.gen(function*() {
      const broker = yield* Broker
      const log = yield* EventLog
      const metrics = yield* Metrics
      const ended = yield* Deferred.make<void>()
      const waiting = new Set<() => void>()
      let state: { readonly epoch: number; readonly buffer: FeedBuffer.FeedBuffer } | undefined
      let readers = 0
      metrics.set("odto_sse_clients", {}, 0)

      const begin = (epoch: number, position: Position) => {
        state = { epoch, buffer: FeedBuffer.make(position) }
        return state
      }
      const opened = Effect.suspend(() =>
        state === undefined
          ? Effect.map(log.head, ({ closed, epoch }) => state ?? begin(epoch, closed))
          : Effect.succeed(state)
      )
      const wakeAll = () => {
        // Whoever is woken and finds nothing waits again at once.
        const all = [...waiting]
        waiting.clear()
        for (const wake of all) wake()
      }
      /** Takes over rows of this epoch that follow the buffer. */
      const take = (rows: ReadonlyArray<LogRow>) => {
        for (const row of rows) {
          if (row.epoch === state?.epoch && compare(row.position, state.buffer.last) > 0) state.buffer.append(row)
        }
        if (rows.length > 0) wakeAll()
      }
      /** Reads the log from the end of the buffer to its own end. */
      const catchUp = Effect.gen(function*() {
        yield* opened
        let isLonger = true
        while (isLonger) {
          const before = state
          const last = before?.buffer.last ?? start
          take(yield* log.after(last, pageRows))
          isLonger = before === state && before !== undefined && compare(before.buffer.last, last) > 0
        }
      })
      const hear = ({ previous, row }: SpineMessage) =>
        Effect.suspend(() => {
          if (state !== undefined && row.epoch > state.epoch) begin(row.epoch, previous)
          if (state === undefined || compare(previous, state.buffer.last) > 0) return catchUp
          take([row])
          return Effect.void
        })
      /** What the broker did not tell: the log is longer than the buffer, or of another epoch. */
      const look = Effect.gen(function*() {
        const now = yield* opened
        const { closed, epoch } = yield* log.head
        if (epoch !== now.epoch) {
          begin(epoch, closed)
          wakeAll()
        } else if (compare(closed, now.buffer.last) > 0) yield* catchUp
      })
      const sweep = Effect.suspend(() => {
        const before = state?.buffer.last
        const isSilent = Effect.sync(() => state === undefined || state.buffer.last === before)
        return Effect.andThen(Effect.sleep(sweepInterval), Effect.when(Effect.ignore(look), isSilent))
      })
      yield* Stream.merge(
        Stream.map(broker.liveFeed, (message) => Effect.ignore(hear(message))),
        Stream.map(Stream.fromEffectRepeat(sweep), () => Effect.void)
      ).pipe(Stream.runForEach((step) => step), keepGoing("the live feed"))

      const news = (position: Position) =>
        Effect.callback<void>((resume) => {
          if (state !== undefined && compare(state.buffer.last, position) > 0) return resume(Effect.void)
          const wake = () => resume(Effect.void)
          waiting.add(wake)
          return Effect.sync(() => waiting.delete(wake))
        })

      type Step = readonly [items: ReadonlyArray<FeedItem>, next: FeedPosition.FeedPosition]
      const reset = (
        reason: StreamReset["reason"],
        now: { readonly epoch: number; readonly buffer: FeedBuffer.FeedBuffer }
      ): Step => {
        metrics.increment("odto_sse_resets_total", { reason })
        const next = { epoch: now.epoch, position: now.buffer.last }
        return [[{ _tag: "Reset", id: FeedPosition.format(next), reason }], next]
      }
      const page = (rows: ReadonlyArray<LogRow>, at: FeedPosition.FeedPosition): Step => [
        rows.map((row): FeedItem => ({ _tag: "Row", id: FeedPosition.format(row), row })),
        { epoch: at.epoch, position: rows.at(-1)?.position ?? at.position }
      ]
      /** Rows that have left the buffer. The log is looked at after it was read: what it still has then, it had before. */
      const fromLog = Effect.fnUntraced(function*(at: FeedPosition.FeedPosition) {
        const rows = yield* log.after(at.position, pageRows)
        const { oldest } = yield* log.head
        const isWhole = oldest !== undefined &&
          (compare(oldest, at.position) <= 0 || (compare(at.position, start) === 0 && oldest.id === 1n))
        const now = yield* opened
        return isWhole && rows.length > 0 ? page(rows, at) : reset("expired", now)
      })
      const step = Effect.fnUntraced(function*(at: FeedPosition.FeedPosition): Effect.fn.Return<Step, StoreError> {
        const now = yield* opened
        if (at.epoch !== now.epoch) return reset("epoch", now)
        const rows = now.buffer.after(at.position, pageEvents)
        if (rows === undefined) return yield* fromLog(at)
        if (rows.length > 0) return page(rows, at)
        const heard = yield* Effect.timeoutOption(news(at.position), heartbeatInterval)
        return Option.isSome(heard) ? [[], at] : [[{ _tag: "Quiet", id: FeedPosition.format(at) }], at]
      })
      /** Where the stream begins, and what is said first. */
      const first = Effect.fnUntraced(function*(lastEventId: string | undefined): Effect.fn.Return<Step, StoreError> {
        const now = yield* opened
        const here = { epoch: now.epoch, position: now.buffer.last }
        if (lastEventId === undefined) return [[{ _tag: "Quiet", id: FeedPosition.format(here) }], here]
        const parsed = FeedPosition.parse(lastEventId, now.epoch)
        if (Option.isNone(parsed)) return reset("unknown", now)
        if (parsed.value.epoch !== now.epoch) return reset("epoch", now)
        // Positions are given out when they are closed, so one past the end of the log was not given out by it.
        const isAhead = compare(parsed.value.position, now.buffer.last) > 0 &&
          compare(parsed.value.position, (yield* log.head).closed) > 0
        return isAhead
          ? reset("unknown", now)
          : [[{ _tag: "Quiet", id: FeedPosition.format(parsed.value) }], parsed.value]
      })

      const countReaders = (by: 1 | -1) =>
        Effect.sync(() => {
          readers += by
          metrics.set("odto_sse_clients", {}, readers)
        })
      return LiveFeed.of({
        oldestSince: (atMillis) => {
          const heard = Effect.sync(() => state?.buffer.oldestSince(atMillis))
          return log.oldestSince(atMillis).pipe(
            Effect.flatMap((oldest) => oldest === undefined ? heard : Effect.succeed(oldest)),
            Effect.timeoutOrElse({ duration: logPatience, orElse: () => heard }),
            Effect.catch(() => heard)
          )
        },
        end: Effect.asVoid(Deferred.succeed(ended, undefined)),
        follow: Effect.fn("LiveFeed.follow")(function*(lastEventId) {
          if (readers >= maxReaders) return yield* new TooManyReaders({ limit: maxReaders })
          const [greeting, at] = yield* first(lastEventId)
          const rest = Stream.paginate(at, (at: FeedPosition.FeedPosition) =>
            step(at).pipe(
              // The store is away: the reader waits where it is.
              Effect.catch(() => Effect.as(Effect.sleep(sweepInterval), [[], at] as const)),
              Effect.map(([items, next]) => [items, Option.some(next)] as const)
            ))
          return Stream.unwrap(
            Effect.as(
              Effect.acquireRelease(countReaders(1), () => countReaders(-1)),
              Stream.concat(Stream.fromIterable(greeting), rest)
            )
          ).pipe(Stream.interruptWhen(Deferred.await(ended)))
        })
      })
    })
  )
}
