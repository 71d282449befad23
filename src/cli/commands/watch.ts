/** `watch`: events as they happen. */
import { JobId, QueueName } from "#domain/Job.ts"
import { EventType } from "#domain/JobEvent.ts"
import { Effect, Option, Schedule, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { readModel } from "../api.ts"
import * as Output from "../Output.ts"

/** A stream that ends is opened again from where it was, without a gap. */
const reconnect = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("5 seconds")])

export const watch = Command.make("watch", {
  job: Flag.String("job").pipe(Flag.withDescription("Only events of this job"), Flag.withSchema(JobId), Flag.optional),
  queue: Flag.String("queue").pipe(
    Flag.withAlias("q"),
    Flag.withDescription("Only events of this queue"),
    Flag.withSchema(QueueName),
    Flag.optional
  ),
  type: Flag.Literals("type", EventType.literals).pipe(
    Flag.withAlias("t"),
    Flag.withDescription("Only events of this type; may be repeated"),
    Flag.atLeast(0)
  )
}, ({ job, queue, type }) =>
  Effect.gen(function*() {
    const api = yield* readModel
    const asJson = yield* Output.jsonFlag
    let last: string | undefined
    const follow = Effect.gen(function*() {
      const events = yield* api.events.stream({
        query: {
          ...(Option.isNone(job) ? {} : { jobId: job.value }),
          ...(Option.isNone(queue) ? {} : { queue: queue.value }),
          ...(type.length === 0 ? {} : { type })
        },
        headers: last === undefined ? {} : { "last-event-id": last }
      })
      yield* Stream.runForEach(events, ({ data, id }) =>
        Effect.suspend(() => {
          last = id ?? last
          if (asJson) return Output.json(data)
          if (!("specversion" in data)) {
            return Output.note(`events are missing before this point: ${data.reason}`)
          }
          const name = data.type.replace(/^odto\.(job\.)?|\.v1$/gu, "")
          return Output.lines([
            `${data.time}  ${name.padEnd(18)} ${data.subject}  ${data.data.jobType ?? ""} ${data.data.queue}`
          ])
        }))
    })
    yield* follow.pipe(
      Effect.tapError((error) => Effect.logDebug("the stream broke", error._tag)),
      Effect.retry({
        while: (error) => last !== undefined && error._tag === "HttpClientError",
        schedule: reconnect
      }),
      Effect.repeat(reconnect)
    )
  })).pipe(
    Command.withDescription("Follow events as they happen, until Ctrl-C"),
    Command.withExamples([
      { command: "odd-dashboard watch", description: "Everything" },
      { command: "odd-dashboard watch --type dead-lettered --json", description: "Jobs that die, as JSON lines" }
    ])
  )
