/**
 * Makes batches of what waits: while one batch is on its way the next one gathers, so that an idle system answers at
 * once and a busy one shares round trips and commits. After a batch of several calls the next one gathers for a moment.
 */
import { Deferred, Effect, Exit, Queue, Schema, type Scope, Semaphore } from "effect"
import * as Pace from "./Pace.ts"

/** More waits than the batcher is allowed to hold: try again later. */
export class Overloaded extends Schema.TaggedError<Overloaded>()("Overloaded", {
  what: Schema.String,
  limit: Schema.Int
}) {
  override get message() {
    return `${this.what}: more than ${this.limit} wait already`
  }
}

interface Entry<A, B, E> {
  readonly items: ReadonlyArray<A>
  readonly weight: number
  readonly answer: Deferred.Deferred<ReadonlyArray<B>, E>
}

export interface Batcher<A, B, E> {
  /** Answers in the order of the items. The items of one call stay together in one batch. */
  readonly submit: (items: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E | Overloaded>
}

/**
 * A caller that is interrupted leaves its items in their batch. When the scope closes, whoever still waits is
 * interrupted.
 *
 * `maxBatch`: a batch is closed when it holds this many items; one call with more is a batch of its own.
 * `maxWaiting`: items that may wait. `maxWeight`: what all items that are not answered yet may weigh together, by
 * `weigh`; default: any. `concurrency`: batches on their way at the same time. `paceMillis`: see Pace.ts; a
 * full batch does not wait. Default: 0.
 * `run` answers one result per item, in order; its failure is the failure of every call in the batch.
 */
export const make = <A, B, E>(options: {
  readonly what: string
  readonly maxBatch: number
  readonly maxWaiting: number
  readonly weigh?: (item: A) => number
  readonly maxWeight?: number
  readonly concurrency: number
  readonly paceMillis?: number
  readonly run: (items: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E>
}): Effect.Effect<Batcher<A, B, E>, never, Scope.Scope> =>
  Effect.gen(function*() {
    // Bounded by `maxWaiting`, which counts items: an entry holds at least one.
    const entries = yield* Queue.unbounded<Entry<A, B, E>>()
    const unanswered = new Set<Entry<A, B, E>>()
    const { maxWeight = Number.POSITIVE_INFINITY, weigh = () => 0 } = options
    let waiting = 0
    let weight = 0
    let held: Entry<A, B, E> | undefined
    let isClosed = false
    const pace = Pace.make(options.paceMillis ?? 0)

    const answer = (entry: Entry<A, B, E>, exit: Exit.Exit<ReadonlyArray<B>, E>) => {
      if (unanswered.delete(entry)) weight -= entry.weight
      Deferred.doneUnsafe(entry.answer, exit)
    }
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isClosed = true
        for (const entry of unanswered) answer(entry, Exit.interrupt())
      })
    )

    const take = Effect.gen(function*() {
      const first = held ?? (yield* Queue.take(entries))
      held = undefined
      if (waiting < options.maxBatch) yield* pace.turn
      const batch = [first]
      let size = first.items.length
      while (size < options.maxBatch && Queue.sizeUnsafe(entries) > 0) {
        const next = yield* Queue.take(entries)
        if (size + next.items.length > options.maxBatch) {
          held = next
          break
        }
        batch.push(next)
        size += next.items.length
      }
      waiting -= size
      yield* pace.began(batch.length)
      return batch
    })

    const runBatch = Effect.fnUntraced(function*(batch: ReadonlyArray<Entry<A, B, E>>) {
      const items = batch.length === 1 && batch[0] !== undefined
        ? batch[0].items
        : batch.flatMap((entry) => entry.items)
      const exit = yield* Effect.exit(options.run(items))
      let offset = 0
      for (const entry of batch) {
        const end = offset + entry.items.length
        answer(entry, Exit.map(exit, (answers) => answers.slice(offset, end)))
        offset = end
      }
    })

    // One taker at a time, so that `held` has one owner; the batches run beside each other.
    const taking = yield* Semaphore.make(1)
    yield* Effect.forEach(
      Array.from({ length: options.concurrency }),
      () => Effect.forkScoped(Effect.forever(Effect.flatMap(Semaphore.withPermit(taking, take), runBatch))),
      { discard: true }
    )

    return {
      submit: Effect.fnUntraced(function*(items) {
        if (items.length === 0) return []
        if (waiting + items.length > options.maxWaiting) {
          return yield* new Overloaded({ what: options.what, limit: options.maxWaiting })
        }
        const own = items.reduce((sum, item) => sum + weigh(item), 0)
        if (unanswered.size > 0 && weight + own > maxWeight) {
          return yield* new Overloaded({ what: `weight of ${options.what}`, limit: maxWeight })
        }
        if (isClosed) return yield* Effect.interrupt
        waiting += items.length
        weight += own
        const entry: Entry<A, B, E> = { items, weight: own, answer: Deferred.makeUnsafe() }
        unanswered.add(entry)
        Queue.offerUnsafe(entries, entry)
        return yield* Deferred.await(entry.answer)
      })
    }
  })
