/** What the parts of the broker suite share: what they do to a broker, what they send and how they look at what comes. */
import { JobTypeName, QueueName } from "#domain/Job.ts"
import { start } from "#domain/Position.ts"
import { Broker, type Hint, type HintDelivery, type SpineMessage } from "#services/ports/Broker.ts"
import type { JobQueueName } from "#services/ports/memory/MemoryBroker.ts"
import { Context, Effect, Queue, Schedule, type Scope, Stream } from "effect"
import { freshJobId, logEvent, logRow } from "../../support/LogRows.ts"

/** What the suite does to a broker behind its back. */
export class BrokerTrials extends Context.Service<BrokerTrials, {
  /** Deletes every queue that is not bound to a connection, with what is in it. */
  readonly deleteQueues: Effect.Effect<void>
  /** Breaks every connection. */
  readonly dropConnections: Effect.Effect<void>
  /** Puts a message into a queue, which exists, that cannot be decoded. */
  readonly garble: (into: JobQueueName | "archive", body: string) => Effect.Effect<void>
}>()("test/BrokerTrials") {}

export const deleteQueues = Effect.flatMap(BrokerTrials, (trials) => trials.deleteQueues)
export const dropConnections = Effect.flatMap(BrokerTrials, (trials) => trials.dropConnections)
export const garble = (into: JobQueueName | "archive", body: string) =>
  Effect.flatMap(BrokerTrials, (trials) => trials.garble(into, body))

let names = 0
/** A broker queue that no other test uses. */
export const freshQueue = (): JobQueueName => ({
  queue: QueueName.make(`queue-${++names}`),
  type: JobTypeName.make("demo.noop")
})

export const hintTo = (target: JobQueueName): Hint => ({
  ...target,
  jobs: [{ jobId: freshJobId(), dispatchCount: 1 }],
  traceparent: undefined
})
export const hintsTo = (target: JobQueueName, count: number) => Array.from({ length: count }, () => hintTo(target))
export const idsOf = (hints: ReadonlyArray<Hint>) => hints.flatMap(({ jobs }) => jobs.map(({ jobId }) => jobId))

let rows = 0
/** Rows of one event each, chained to each other and to those made before. */
export const spine = (count: number): ReadonlyArray<SpineMessage> =>
  Array.from({ length: count }, () => {
    const at = 1_800_000_000_000 + rows
    const previous = rows === 0 ? start : { xid: BigInt(rows), id: BigInt(rows) }
    return { previous, row: logRow({ id: ++rows, at, events: [logEvent({ type: "created", at })] }) }
  })

/** What a stream brings, while the scope is open, in a queue to be looked into. */
export const collect = <A>(stream: Stream.Stream<A>): Effect.Effect<Queue.Queue<A>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const seen = yield* Queue.unbounded<A>()
    yield* stream.pipe(Stream.runForEach((one) => Queue.offer(seen, one)), Effect.forkScoped)
    return seen
  })

export const consume = (target: JobQueueName, prefetch: number) =>
  Effect.flatMap(Broker, (broker) => collect(broker.hints({ ...target, prefetch })))

export const takeAcked = (seen: Queue.Queue<HintDelivery>, count: number) =>
  Effect.tap(Queue.takeN(seen, count), (deliveries) => Effect.forEach(deliveries, ({ ack }) => ack))

/** Counters of a real broker follow what happens within milliseconds. */
export const untilReady = Effect.fnUntraced(function*({ queue, type }: JobQueueName, count: number) {
  const broker = yield* Broker
  yield* broker.ready(queue, type).pipe(Effect.repeat({ until: (ready) => ready === count, schedule: often }))
})
export const often = Schedule.spaced("20 millis")
/** A broker that was hurt may refuse once or twice before it has found itself. */
export const afterTrouble = Effect.retry({ schedule: often, times: 200 })
