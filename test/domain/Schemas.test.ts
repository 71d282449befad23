/** Every schema of the domain survives the wire: what is encoded, written as JSON, read and decoded is what it was. */
import * as Access from "#domain/Access.ts"
import * as Alert from "#domain/Alert.ts"
import * as Job from "#domain/Job.ts"
import * as JobEvent from "#domain/JobEvent.ts"
import * as JobFilter from "#domain/JobFilter.ts"
import * as JobStatus from "#domain/JobStatus.ts"
import * as JobType from "#domain/JobType.ts"
import * as JobView from "#domain/JobView.ts"
import * as Position from "#domain/Position.ts"
import * as Queue from "#domain/Queue.ts"
import * as Retry from "#domain/Retry.ts"
import * as Worker from "#domain/Worker.ts"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"

type AnySchema = Schema.Codec<unknown, unknown>

/** Nearly no text is one of these by chance; their own tests make them. */
const rare: ReadonlySet<unknown> = new Set([Position.PositionText, JobEvent.CloudEvent])

const schemasOf = (module: Record<string, unknown>): ReadonlyArray<readonly [string, AnySchema]> =>
  Object.entries(module).filter((entry): entry is [string, AnySchema] =>
    Schema.isSchema(entry[1]) && !rare.has(entry[1])
  )

const modules = {
  Access,
  Alert,
  Job,
  JobEvent,
  JobFilter,
  JobStatus,
  JobType,
  JobView,
  Position,
  Queue,
  Retry,
  Worker
}

for (const [module, exported] of Object.entries(modules)) {
  describe(module, () => {
    for (const [name, schema] of schemasOf(exported)) {
      // Bigints and instants have a spelling of their own in JSON.
      const wire = Schema.fromJsonString(Schema.toCodecJson(schema))
      const isSame = Schema.toEquivalence(schema)
      it.effect.prop(
        `${name} survives the wire`,
        { value: Arbitrary.schema(schema) },
        ({ value }) =>
          Effect.gen(function*() {
            const text = yield* Schema.encodeEffect(wire)(value)
            const read = yield* Schema.decodeEffect(wire)(text)

            assert.isTrue(isSame(read, value), text)
          })
      )
    }
  })
}

describe("SubmitJob", () => {
  const decode = Schema.decodeUnknownEffect(Job.SubmitJob)

  it.effect.each<readonly [string, Record<string, unknown>]>([
    ["no type", {}],
    ["a type in capitals", { type: "Email.Send" }],
    ["a type that ends in a dot", { type: "email." }],
    ["a queue with a dot", { type: "a", queue: "a.b" }],
    ["a payload that is a list", { type: "a", payload: [] }],
    ["a priority beyond 9", { type: "a", priority: 10 }],
    ["a date in words", { type: "a", runAt: "tomorrow" }],
    ["no attempt at all", { type: "a", maxAttempts: 0 }],
    ["21 tags", { type: "a", tags: Array.from({ length: 21 }, (_, index) => `t${index}`) }],
    ["a tag with a comma", { type: "a", tags: ["a,b"] }],
    ["a key of control characters", { type: "a", idempotencyKey: "a\nb" }],
    ["a key remembered for longer than a month", { type: "a", idempotencyTtlMillis: Job.maxIdempotencyTtlMillis + 1 }],
    ["an attempt without end", { type: "a", timeoutMillis: 86_400_001 }],
    ["a backoff that shrinks", {
      type: "a",
      backoff: { baseMillis: 1, factor: 0.5, maxMillis: 1, jitter: "none" }
    }]
  ])("refuses %s", ([, submission]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(decode(submission))

      assert.strictEqual(error._tag, "SchemaError")
    }))

  it.effect("takes the least and the most that a client may say", () =>
    Effect.gen(function*() {
      const least = yield* decode({ type: "demo.noop" })
      const most = yield* decode({
        type: "a".repeat(100),
        queue: "a".repeat(63),
        payload: { deep: { list: [1, null, "x"] } },
        priority: 9,
        runAt: "2030-01-01T00:00:00Z",
        maxAttempts: 100,
        backoff: Retry.defaultBackoff,
        timeoutMillis: 86_400_000,
        deadline: "2030-01-02T00:00:00Z",
        tags: ["a", "é/ü"],
        correlationId: "order-1",
        idempotencyKey: "key 1",
        idempotencyTtlMillis: 1_000
      })

      assert.deepEqual(Object.keys(least), ["type"])
      assert.strictEqual(most.runAt?.epochMilliseconds, Date.UTC(2030, 0, 1))
    }))
})
