import { JobId, JobTypeName, QueueName } from "#domain/Job.ts"
import { LogRow } from "#domain/JobEvent.ts"
import { Position } from "#domain/Position.ts"
import { decodeHint, decodeSpine, type Encoded, encodeHint, encodeSpine, undecodable } from "#infra/amqp/messages.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { logEvent, logRow } from "../../support/LogRows.ts"

const queue = QueueName.make("default")
const type = JobTypeName.make("demo.noop")

/** What comes out of the broker when this was put in. */
const received = ({ body, properties }: Encoded) => ({
  content: body,
  properties: {
    contentEncoding: undefined,
    deliveryMode: undefined,
    priority: undefined,
    correlationId: undefined,
    replyTo: undefined,
    expiration: undefined,
    messageId: undefined,
    timestamp: undefined,
    userId: undefined,
    appId: undefined,
    clusterId: undefined,
    contentType: properties.contentType,
    type: properties.type,
    headers: properties.headers
  }
})

const hintOf = (text: string) => decodeHint(queue, type, received({ body: Buffer.from(text), properties: {} }))

/** Events of jobs have a sequence and the others none: everything else that the schema allows is kept. */
const wellFormed = (row: LogRow): LogRow => ({
  ...row,
  events: row.events.map(({ job, seq, ...event }) =>
    job === undefined || seq === undefined ? event : { ...event, job, seq }
  )
})

/** All but the sign of zero, which JSON does not know. */
const assertSame = <A>(decoded: Result.Result<A, string>, sent: A) =>
  assert.deepStrictEqual(unsigned(Result.getOrThrow(decoded)), unsigned(sent))
const unsigned = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(unsigned)
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? 0 : value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unsigned(item)]))
}

const aRow = logRow({ id: 2, at: 1_800_000_000_000, events: [logEvent({ type: "created", at: 1_800_000_000_000 })] })
const aMessage = { row: aRow, previous: { xid: 1n, id: 1n } }

describe("messages", () => {
  it.effect.prop(
    "a hint comes back as it was sent",
    {
      jobs: Schema.NonEmptyArray(Schema.Struct({ jobId: JobId, dispatchCount: Schema.Int })),
      traceparent: Schema.UndefinedOr(Schema.String)
    },
    ({ jobs, traceparent }) =>
      Effect.sync(() => {
        const hint = { queue, type, jobs, traceparent }

        assertSame(decodeHint(queue, type, received(encodeHint(hint))), hint)
      })
  )

  it.effect.prop(
    "a log row comes back as it was sent",
    { row: LogRow, previous: Position },
    ({ previous, row }) =>
      Effect.sync(() => {
        const message = { previous, row: wellFormed(row) }

        assertSame(decodeSpine(received(encodeSpine(message))), message)
      })
  )

  it("a log row is a batch of CloudEvents", () => {
    const { body, properties } = encodeSpine(aMessage)

    assert.strictEqual(properties.contentType, "application/cloudevents-batch+json")
    const [event] = JSON.parse(body.toString())
    assert.deepInclude(event, { specversion: "1.0", type: "odto.job.created.v1", subject: aRow.events[0]?.job })
  })

  for (
    const text of [
      "",
      "null",
      "{}",
      "not JSON",
      "{\"v\":2,\"jobs\":[]}",
      "{\"v\":1,\"jobs\":[]}",
      "{\"v\":1,\"jobs\":[[\"x\",1]]}",
      "[".repeat(200_000)
    ]
  ) {
    it(`refuses ${JSON.stringify(text.slice(0, 30))} as a hint`, () => {
      assert.isTrue(Result.isFailure(hintOf(text)))
    })
  }

  const { body, properties } = encodeSpine(aMessage)
  const broken: Record<string, Encoded> = {
    "without headers": { body, properties: {} },
    "with a position that is none": {
      body,
      properties: { headers: { ...properties.headers, "x-odto-position": "18446744073709551616.1" } }
    },
    "with a body that is no batch": { body: body.subarray(1, -1), properties },
    "with an event of a type that we do not know": {
      body: Buffer.from(body.toString().replaceAll("created", "vanished")),
      properties
    },
    "with a subject that is no job": {
      body: Buffer.from(body.toString().replace(/"subject":"[^"]*"/, "\"subject\":\"x\"")),
      properties
    },
    "with a time that is none": {
      body: Buffer.from(body.toString().replace(/"time":"[^"]*"/, "\"time\":\"yesterday\"")),
      properties
    },
    "with a time before all time": {
      body: Buffer.from(body.toString().replace(/"time":"[^"]*"/, "\"time\":\"1066-10-14T09:00:00.000Z\"")),
      properties
    }
  }
  for (const [name, message] of Object.entries(broken)) {
    it(`refuses a log row ${name}`, () => {
      assert.isTrue(Result.isFailure(decodeSpine(received(message))))
    })
  }

  it("keeps the beginning of what it cannot decode, fit to be stored", () => {
    const bytes = Buffer.concat([Buffer.from([0, 0xff]), Buffer.alloc(10_000, "x")])

    const kept = undecodable("odto.events.archive", "no\u0000thing", received({ body: bytes, properties: {} }))

    assert.strictEqual(kept.body, `\uFFFD\uFFFD${"x".repeat(1_998)}`)
    assert.strictEqual(kept.reason, "no\uFFFDthing")
  })
})
