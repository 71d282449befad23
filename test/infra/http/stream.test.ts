import { start } from "#domain/Position.ts"
import * as ReadModelServer from "#infra/http/ReadModelServer.ts"
import { Broker } from "#services/ports/Broker.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { until } from "../../support/until.ts"
import { call, type Ongoing, open } from "./call.ts"
import { submit } from "./given.ts"
import * as Programs from "./Programs.ts"

interface SseEvent {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: Record<string, unknown>
}

/** The whole events of a text, as a browser reads them. */
const eventsOf = (text: string): ReadonlyArray<SseEvent> => {
  let id: string | undefined
  return text.split("\n\n").slice(0, -1).flatMap((block) => {
    const lines = block.split("\n")
    const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
    id = field("id") ?? id
    const data = field("data")
    return data === undefined ? [] : [{ id, event: field("event"), data: JSON.parse(data) }]
  })
}
const lastIdOf = (text: string) => [...text.matchAll(/^id: (.*)$/gmu)].at(-1)?.[1]
const subjectsOf = (stream: Ongoing) =>
  Effect.map(stream.text, (text) => eventsOf(text).map(({ data }) => data["subject"]))
const streamOf = (headers: Record<string, string> = {}, query = "") =>
  Effect.flatMap(Programs.Urls, ({ readModel }) => open(`${readModel}/stream${query}`, { headers }))
/** Until the stream has said where it begins. */
const begun = (stream: Ongoing) => until(stream.text, (text) => text.includes("id: "))

layer(Programs.layer(), { excludeTestServices: true })("GET /stream", (it) => {
  it.effect("sends each event as a CloudEvent under its type, with a position to go on from", () =>
    Effect.gen(function*() {
      const stream = yield* streamOf()
      yield* begun(stream)
      const id = yield* submit({ queue: "streamed" })
      const text = yield* until(stream.text, (text) => text.includes(id))
      const [event] = eventsOf(text)

      assert.strictEqual(stream.status, 200)
      assert.strictEqual(stream.headers["content-type"], "text/event-stream")
      assert.strictEqual(stream.headers["x-accel-buffering"], "no")
      assert.strictEqual(event?.event, "odto.job.created.v1")
      assert.deepInclude(event?.data, { specversion: "1.0", id: `${id}:1`, subject: id, type: "odto.job.created.v1" })
      assert.match(String(event?.id), /^1:\d+\.\d+$/u)
    }))

  it.effect("goes on where the client was, without a gap", () =>
    Effect.gen(function*() {
      const before = yield* Effect.scoped(Effect.gen(function*() {
        const stream = yield* streamOf()
        yield* begun(stream)
        const id = yield* submit()
        return lastIdOf(yield* until(stream.text, (text) => text.includes(id)))
      }))
      const missed = yield* Effect.forEach(Array.from({ length: 5 }), () => submit())
      const stream = yield* streamOf({ "last-event-id": String(before) })
      const subjects = yield* until(subjectsOf(stream), (subjects) => subjects.length >= 5)

      assert.deepStrictEqual(subjects, missed)
    }))

  it.effect("says reset to a position that it does not know", () =>
    Effect.gen(function*() {
      const stream = yield* streamOf({ "last-event-id": "7:1.1" })
      const text = yield* until(stream.text, (text) => text.includes("event: reset"))
      const [event] = eventsOf(text)

      assert.deepStrictEqual(event?.data, { reason: "epoch", position: lastIdOf(text) })
    }))

  it.effect("leaves out what was not asked for, and still moves on", () =>
    Effect.gen(function*() {
      const wanted = yield* streamOf({}, "?queue=wanted&type=created")
      const one = yield* submit({ queue: "wanted" })
      const ofOne = yield* streamOf({ "last-event-id": "1:0.0" }, `?jobId=${one}`)
      yield* submit({ queue: "unwanted" })
      yield* until(wanted.text, (text) => text.includes(one))
      const { gateway } = yield* Programs.Urls
      yield* call(`${gateway}/jobs/${one}/cancel`, { method: "POST" })
      const text = yield* until(ofOne.text, (text) => text.includes("odto.job.cancelled.v1"))
      const two = yield* submit({ queue: "wanted" })
      const subjects = yield* until(subjectsOf(wanted), (subjects) => subjects.includes(two))

      assert.deepStrictEqual(subjects, [one, two])
      assert.deepStrictEqual(eventsOf(text).map(({ data }) => data["sequence"]), [1, 2])
      const { last } = yield* Effect.map(
        Effect.flatMap(EventLog, (log) => log.head),
        ({ closed }) => ({ last: `1:${closed.xid}.${closed.id}` })
      )
      yield* until(ofOne.text, (text) => lastIdOf(text) === last)
    }))

  it.effect("refuses a filter that it does not know", () =>
    Effect.gen(function*() {
      const { readModel } = yield* Programs.Urls
      const answers = yield* Effect.forEach(
        ["?type=exploded", "?jobs=1"],
        (query) => call(`${readModel}/stream${query}`)
      )

      assert.deepStrictEqual(answers.map(({ status }) => status), [400, 400])
    }))

  it.effect(
    "keeps a client that does not read from holding up others, and gives it everything in the end",
    () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const broker = yield* Broker
        const slow = yield* streamOf()
        const quick = yield* streamOf()
        yield* begun(slow)
        yield* begun(quick)
        slow.pause(true)
        const { gateway } = yield* Programs.Urls
        const payload = { jobs: Array.from({ length: 1_000 }, () => ({ type: "demo.noop", tags: ["slow"] })) }
        for (let n = 0; n < 5; n++) yield* call(`${gateway}/jobs/batch`, { body: payload })
        yield* until(subjectsOf(quick), (subjects) => subjects.length >= 5_000)
        slow.pause(false)
        const subjects = yield* until(subjectsOf(slow), (subjects) => subjects.length >= 5_000)

        assert.strictEqual(new Set(subjects).size, 5_000)
        assert.isTrue((yield* log.after(start, 1)).length === 1 && (yield* broker.health).connected)
      }),
    30_000
  )
})

describe("A read model that restarts", () => {
  it.live("ends its streams at once, and the next one goes on without a gap", () =>
    Effect.gen(function*() {
      const started = Effect.gen(function*() {
        const scope = yield* Scope.make()
        const context = yield* Layer.buildWithScope(Layer.fresh(Programs.readModel()), scope)
        return { scope, url: (yield* Effect.provide(ReadModelServer.ReadModelServer, context)).url }
      })
      const first = yield* started
      const stream = yield* open(`${first.url}/stream`)
      yield* begun(stream)
      const one = yield* submit()
      const text = yield* until(stream.text, (text) => text.includes(one))

      const stoppingAt = performance.now()
      yield* Scope.close(first.scope, Exit.void)
      yield* stream.ended
      const stoppedAfter = performance.now() - stoppingAt
      const two = yield* submit()
      const second = yield* started
      const resumed = yield* open(`${second.url}/stream`, { headers: { "last-event-id": String(lastIdOf(text)) } })
      const three = yield* submit()
      const subjects = yield* until(subjectsOf(resumed), (subjects) => subjects.includes(three))
      yield* Scope.close(second.scope, Exit.void)

      assert.deepStrictEqual(subjects, [two, three])
      assert.isBelow(stoppedAfter, 1_000)
    }).pipe(Effect.provide(Programs.layer())), 20_000)
})
