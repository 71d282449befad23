/** `watch`: events as they happen. */
import { Effect, Schedule, Stream } from "effect"
import { Command } from "effect/cli"
import { readModel } from "../api.ts"
import { eventFilterFlags, eventFilterQuery } from "../eventFilter.ts"
import * as Output from "../Output.ts"

/** A stream that ends is opened again from where it was, without a gap. */
const reconnect = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("5 seconds")])

export const watch = Command.make("watch", {
  ...eventFilterFlags
}, (filter) =>
  Effect.gen(function*() {
    const api = yield* readModel
    const asJson = yield* Output.jsonFlag
    let last: string | undefined
    if (process.stderr.isTTY) yield* Output.note("following events as they happen; Ctrl-C ends")
    const follow = Effect.gen(function*() {
      const events = yield* api.events.stream({
        query: eventFilterQuery(filter),
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
