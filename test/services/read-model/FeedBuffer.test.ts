import { compare, start } from "#domain/Position.ts"
import * as FeedBuffer from "#services/read-model/FeedBuffer.ts"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { logEvent, logRow } from "../../support/LogRows.ts"

const row = (id: number, events = 1) =>
  logRow({ id, at: id, events: Array.from({ length: events }, () => logEvent({ type: "created", at: id })) })

it.effect.prop(
  "answers exactly the rows after a position, or says that it no longer knows",
  {
    count: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })),
    after: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 45 }))
  },
  ({ after, count }) =>
    Effect.sync(() => {
      const buffer = FeedBuffer.make(start)
      const rows = Array.from({ length: count }, (_, index) => row(index + 1))
      for (const one of rows) buffer.append(one)

      const found = buffer.after({ xid: BigInt(after), id: BigInt(after) }, 1_000)

      assert.deepStrictEqual(found, rows.slice(after))
    })
)

it("keeps a bounded number of rows, and does not answer for those that it dropped", () => {
  const buffer = FeedBuffer.make(start)
  for (let id = 1; id <= FeedBuffer.bufferRows + 100; id++) buffer.append(row(id))

  assert.strictEqual(compare(buffer.base, { xid: 100n, id: 100n }), 0)
  assert.isUndefined(buffer.after(start, 10))
  assert.strictEqual(buffer.after(buffer.base, 1_000_000)?.length, FeedBuffer.bufferRows)
})

it("keeps a bounded number of events", () => {
  const buffer = FeedBuffer.make(start)
  for (let id = 1; id <= 150; id++) buffer.append(row(id, 500))

  const kept = buffer.after(buffer.base, 1_000_000) ?? []

  assert.strictEqual(kept.reduce((sum, { events }) => sum + events.length, 0), FeedBuffer.bufferEvents)
})

it("answers one row at least, however large, and no more than was asked for", () => {
  const buffer = FeedBuffer.make(start)
  for (let id = 1; id <= 3; id++) buffer.append(row(id, 10))

  assert.strictEqual(buffer.after(start, 5)?.length, 1)
  assert.strictEqual(buffer.after(start, 20)?.length, 2)
})
