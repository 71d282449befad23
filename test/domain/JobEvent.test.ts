import { JobId } from "#domain/Job.ts"
import {
  archiveId,
  CloudEvent,
  cloudEventType,
  EventType,
  fromCloudEvent,
  jobEventTypes,
  LogEvent,
  LogRow,
  operatorEventTypes,
  toCloudEvent
} from "#domain/JobEvent.ts"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"

/** Years that ISO 8601 writes with four digits. */
const at = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 253_402_300_799_999 }))
const seq = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 1 }))
const Data = Schema.optionalKey(Schema.Record(Schema.String, Schema.Json))

const jobEvents = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.schema(LogEvent),
    Arbitrary.schema(Schema.Struct({ type: Schema.Literals(jobEventTypes), job: JobId, seq, at }))
  ]),
  ([{ data, ...any }, own]): LogEvent => ({ ...any, ...own, ...(data === undefined ? {} : { data }) })
)
const operatorEvents = Arbitrary.map(
  Arbitrary.schema(Schema.Struct({
    type: Schema.Literals(operatorEventTypes),
    at,
    from: Schema.Literal("none"),
    to: Schema.Literal("none"),
    queue: Schema.String,
    data: Data
  })),
  (event): LogEvent => event
)
const events = Arbitrary.flatMap(
  Arbitrary.schema(Schema.Boolean),
  (isOfJob) => isOfJob ? jobEvents : operatorEvents
)
const rows = Arbitrary.map(
  Arbitrary.all([Arbitrary.schema(LogRow), Arbitrary.array(events, { minLength: 1, maxLength: 5 })]),
  ([row, own]): LogRow => ({ ...row, events: own })
)
const cloudEventsOf = (row: LogRow) => row.events.map((event, index) => toCloudEvent(row, event, index))

describe("JobEvent", () => {
  it.prop("an event comes back from a cloud event as it was", { row: rows }, ({ row }) => {
    assert.deepStrictEqual(cloudEventsOf(row).map(fromCloudEvent), [...row.events])
  })

  it.effect.prop("what is sent decodes as what was sent", { row: rows }, ({ row }) =>
    Effect.gen(function*() {
      const sent = cloudEventsOf(row)
      const received = yield* Schema.decodeEffect(Schema.fromJsonString(Schema.Array(CloudEvent)))(
        JSON.stringify(sent)
      )

      assert.deepStrictEqual(JSON.stringify(received), JSON.stringify(sent))
    }))

  it.prop("is named by its job and its place in the job's life", { row: rows }, ({ row }) => {
    row.events.forEach((event, index) => {
      const { causationid, id, sequence, source, subject } = toCloudEvent(row, event, index)

      assert.strictEqual(source, `odto/${row.source}`)
      if (event.job === undefined || event.seq === undefined) {
        assert.deepStrictEqual([id, subject], [`log:${archiveId(row)}:${index}`, `queue/${event.queue}`])
        assert.deepStrictEqual([sequence, causationid], [undefined, undefined])
      } else {
        assert.deepStrictEqual([id, subject, sequence], [`${event.job}:${event.seq}`, event.job, event.seq])
        assert.strictEqual(causationid, event.seq === 1 ? undefined : `${event.job}:${event.seq - 1}`)
      }
    })
  })

  it.prop("events of one row never share an id", { row: rows }, ({ row }) => {
    const distinct = row.events.filter((event, index) =>
      event.job === undefined ||
      row.events.findIndex((other) => other.job === event.job && other.seq === event.seq) === index
    )

    assert.strictEqual(new Set(cloudEventsOf(row).map(({ id }) => id)).size, distinct.length)
  })

  it("every type of event has a type of cloud event of its own", () => {
    const types = EventType.literals.map(cloudEventType)

    assert.strictEqual(new Set(types).size, types.length)
    assert.deepStrictEqual([types[0], types.at(-2), types.at(-1)], [
      "odto.job.created.v1",
      "odto.queue.paused.v1",
      "odto.queue.resumed.v1"
    ])
  })

  it.prop("refuses an event that names no job or no instant", { row: rows }, ({ row }) => {
    const [event] = cloudEventsOf(row)
    const isCloudEvent = Schema.is(CloudEvent)

    assert.isTrue(isCloudEvent(event))
    assert.isFalse(isCloudEvent({ ...event, time: "soon" }))
    assert.isFalse(isCloudEvent({ ...event, sequence: 1, subject: "queue/mail" }))
    assert.isFalse(isCloudEvent({ ...event, type: "odto.job.vanished.v1" }))
  })
})
