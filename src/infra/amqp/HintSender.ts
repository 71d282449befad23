/**
 * Sends hints, each to the broker queue of its queue and type, which is made when it is first used.
 *
 * A queue that is gone shows by its messages coming back: it is made again and they are sent once more.
 */
import type { Broker, Hint } from "#services/ports/Broker.ts"
import { Effect } from "effect"
import { type Connection, explain, type Live } from "./Amqp.ts"
import { encodeHint } from "./messages.ts"
import type { Outgoing, Publisher, Verdict } from "./Publisher.ts"
import { declareJobQueue, jobQueueName, untilConsumersKnow } from "./topology.ts"

/** Queues that are remembered as made. Forgetting costs a declaration each, and the knowledge that they were there. */
const maxKnownQueues = 10_000
/** Declarations on their way at once, each on a channel of its own. */
const declareConcurrency = 8

const operation = "send hints"

type JobQueue = Pick<Hint, "queue" | "type">

export const hintSender = (connection: Connection, publisher: Publisher): Broker["Service"]["sendHints"] => {
  const known = new Set<string>()

  /** Answers those that are there now; what is wrong with the others shows in what is sent to them. */
  const declare = Effect.fnUntraced(function*(live: Live, queues: ReadonlyArray<JobQueue>) {
    const declared = yield* Effect.forEach(
      queues,
      ({ queue, type }) =>
        declareJobQueue(live, queue, type).pipe(
          Effect.as([{ queue, type }]),
          Effect.catch((error) => Effect.as(Effect.logWarning(explain(error)), []))
        ),
      { concurrency: declareConcurrency }
    )
    if (known.size > maxKnownQueues) known.clear()
    for (const queue of declared.flat()) known.add(nameOf(queue))
    return declared.flat()
  })

  const send = (hints: ReadonlyArray<Hint>) => publisher.send(operation, hints.map(toMessage))

  return Effect.fnUntraced(function*(hints) {
    const live = yield* connection.liveFor(operation)
    yield* declare(live, distinct(hints.filter((hint) => !known.has(nameOf(hint)))))
    const verdicts = yield* send(hints)
    const unsent = hints.filter((_, index) => verdicts[index] !== "sent")
    const returned = hints.filter((_, index) => verdicts[index] === "returned")
    if (returned.length === 0) return { unsent, madeAnew: [] }

    yield* Effect.sleep(untilConsumersKnow)
    const madeAnew = yield* declare(live, distinct(returned))
    const names = new Set(madeAnew.map(nameOf))
    const retried = returned.filter((hint) => names.has(nameOf(hint)))
    const second = yield* Effect.orElseSucceed(send(retried), (): ReadonlyArray<Verdict> => [])
    const arrived = new Set(retried.filter((_, index) => second[index] === "sent"))
    return { unsent: unsent.filter((hint) => !arrived.has(hint)), madeAnew }
  })
}

const nameOf = ({ queue, type }: JobQueue) => jobQueueName(queue, type)

const distinct = (queues: ReadonlyArray<JobQueue>): ReadonlyArray<JobQueue> => [
  ...new Map(queues.map((one) => [nameOf(one), one])).values()
]

const toMessage = (hint: Hint): Outgoing => ({ exchange: "", routingKey: nameOf(hint), ...encodeHint(hint) })
