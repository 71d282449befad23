/** Takes hints of every queue that this worker serves, for the types that it has, and follows queues as they are made. */
import { defaultQueue, type JobTypeName, type QueueName } from "#domain/Job.ts"
import { Effect, FiberMap, type Scope, Stream } from "effect"
import { Broker, type HintDelivery } from "../ports/Broker.ts"
import { WorkerStore } from "../ports/WorkerStore.ts"
import { keepGoing } from "../Supervised.ts"
import * as Wake from "../Wake.ts"

/** Messages of one queue and type in hand: enough to keep the slots busy, few enough for others to share. */
const prefetchOf = (slots: number): number => Math.min(200, Math.max(10, slots))
/** Behind the signal: new queues are looked for this often. */
const sweepMillis = 5_000

export const consume = Effect.fnUntraced(function*(options: {
  readonly slots: number
  readonly types: ReadonlyArray<JobTypeName>
  /** Undefined: all queues. */
  readonly queues: ReadonlyArray<QueueName> | undefined
  readonly onHint: (delivery: HintDelivery) => Effect.Effect<void>
}): Effect.fn.Return<void, never, Broker | WorkerStore | Wake.Needs | Scope.Scope> {
  const broker = yield* Broker
  const workers = yield* WorkerStore
  const wake = yield* Wake.make(["queues"])
  const consumers = yield* FiberMap.make<string, void>()
  const prefetch = prefetchOf(options.slots)

  const subscribe = (queue: QueueName, type: JobTypeName) =>
    FiberMap.run(
      consumers,
      `${queue} ${type}`,
      Stream.runForEach(broker.hints({ queue, type, prefetch }), options.onHint),
      { onlyIfMissing: true }
    )
  const subscribeAll = (queues: ReadonlyArray<QueueName>) =>
    Effect.forEach(queues, (queue) => Effect.forEach(options.types, (type) => subscribe(queue, type)), {
      discard: true
    })

  yield* subscribeAll(options.queues ?? [defaultQueue])
  if (options.queues !== undefined) return
  yield* workers.queueNames.pipe(
    Effect.flatMap(subscribeAll),
    Effect.catch((error) => Effect.logWarning("cannot look for new queues", { reason: error.reason })),
    Effect.andThen(wake.wait(sweepMillis)),
    Effect.forever,
    keepGoing("looking for new queues")
  )
})
