import { SettledIds, transactionMillis } from "#services/metrics-engine/SettledIds.ts"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"

/** When a transaction got its number, how long it lived, and after what part of its life it wrote each of its rows. */
const Transaction = Schema.Struct({
  pauseMillis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20_000 })),
  livesMillis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: transactionMillis })),
  rows: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))).check(Schema.isMaxLength(4))
})
const History = Schema.Array(Transaction).check(Schema.isMaxLength(60))

/** The rows of a history in the order of their positions. Ids are drawn in the order of time. */
const rowsOf = (history: typeof History.Type) => {
  let beganAt = 1_000_000
  const drawn = history.flatMap(({ livesMillis, pauseMillis, rows }, index) => {
    beganAt += pauseMillis
    const begin = beganAt
    return rows.map((part) => ({ xid: BigInt(index + 1), at: begin + Math.floor(livesMillis * part / 100) }))
  })
  return drawn
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, xid }, index) => ({ at, position: { xid, id: BigInt(index + 1) } }))
    .toSorted((a, b) => Number(a.position.xid - b.position.xid) || Number(a.position.id - b.position.id))
}

describe("SettledIds", () => {
  it.prop(
    "never calls an id settled when one up to it is still to come",
    { history: Arbitrary.schema(History) },
    ({ history }) => {
      const rows = rowsOf(history)
      const settled = new SettledIds()
      for (const [index, row] of rows.entries()) {
        settled.add(row)
        for (const { position } of rows.slice(index + 1)) assert.isTrue(position.id > settled.id)
      }
    }
  )

  it("settles everything but the last few minutes of a steady log", () => {
    const settled = new SettledIds()
    for (let second = 0; second < 600; second++) {
      settled.add({ at: second * 1_000, position: { xid: BigInt(second), id: BigInt(10 * second) } })
    }

    assert.strictEqual(settled.id, BigInt(10 * (599 - transactionMillis / 1_000 - 1)))
  })
})
