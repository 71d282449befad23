/** `queues`: list, pause, resume. */
import { QueueName } from "#domain/Job.ts"
import type { QueueView } from "#domain/Queue.ts"
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { gateway, readModel } from "../api.ts"
import * as Output from "../Output.ts"

const line = (queue: QueueView): ReadonlyArray<string> => [
  queue.name,
  queue.paused ? Output.style.yellow("paused") : "open",
  `${queue.counts.scheduled}`,
  `${queue.counts.queued}`,
  `${queue.counts.running}`,
  `${queue.counts.retrying}`,
  `${queue.counts.completed}`,
  `${queue.counts.dead}`,
  `${queue.counts.cancelled}`,
  queue.oldestQueuedMillis === null ? "-" : Output.duration(queue.oldestQueuedMillis),
  `${queue.liveSlots}`,
  queue.typesWithoutWorker.length === 0 ? "" : Output.style.yellow(`no worker: ${queue.typesWithoutWorker.join(", ")}`)
]

const head = ["QUEUE", "STATE", "SCHED", "QUEUED", "RUN", "RETRY", "DONE", "DEAD", "CANC", "OLDEST", "SLOTS", ""]

const list = Effect.gen(function*() {
  const api = yield* readModel
  const answer = yield* api.system.queues()
  yield* Output.print(answer, ({ freshness, partial, queues: all }) => [
    ...Output.table(head, all.map(line)),
    ...(partial === true ? [`the first ${all.length} by name; there may be more`] : []),
    Output.freshness(freshness)
  ])
})

const name = Argument.String("queue").pipe(
  Argument.withDescription("Name of the queue"),
  Argument.withSchema(QueueName)
)

const pause = Command.make("pause", { name }, (flags) =>
  Effect.gen(function*() {
    const api = yield* gateway
    const answer = yield* api.queues.pause({ params: { name: flags.name } })
    yield* Output.print(answer, ({ queue, recalled }) => [`${queue} is paused; ${recalled} handed-out jobs wait again`])
  })).pipe(
    Command.withDescription("No job of the queue starts; what runs goes on"),
    Command.withExamples([{
      command: "odd-dashboard queues pause mail",
      description: "Its jobs wait in the store, visibly"
    }])
  )

const resume = Command.make("resume", { name }, (flags) =>
  Effect.gen(function*() {
    const api = yield* gateway
    const answer = yield* api.queues.resume({ params: { name: flags.name } })
    yield* Output.print(answer, ({ queue }) => [`${queue} is open`])
  })).pipe(
    Command.withDescription("Jobs of the queue start again"),
    Command.withExamples([{
      command: "odd-dashboard queues resume mail",
      description: "What waited starts by priority"
    }])
  )

export const queues = Command.make("queues", {}, () => list).pipe(
  Command.withDescription("List queues; pause and resume them"),
  Command.withExamples([
    { command: "odd-dashboard queues", description: "What waits where, and for how long" },
    { command: "odd-dashboard queues pause default", description: "Stop starting jobs of a queue" }
  ]),
  Command.withSubcommands([
    Command.make("list", {}, () => list).pipe(
      Command.withDescription("List queues"),
      Command.withExamples([{ command: "odd-dashboard queues list --json", description: "For scripts" }])
    ),
    pause,
    resume
  ])
)
