import { compare, format, parse, Position, PositionText, start } from "#domain/Position.ts"
import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"

const isPositionText = Schema.is(PositionText)
const largest: Position = { xid: 2n ** 64n - 1n, id: 2n ** 63n - 1n }

describe("Position", () => {
  it.prop("is a total order", { a: Position, b: Position, c: Position }, ({ a, b, c }) => {
    assert.strictEqual(compare(a, a), 0)
    assert.strictEqual(compare(a, b), -compare(b, a) + 0)
    if (compare(a, b) <= 0 && compare(b, c) <= 0) assert.isAtMost(compare(a, c), 0)
    if (compare(a, b) === 0) assert.deepStrictEqual(a, b)
  })

  it.prop("orders by transaction first, then by id", { a: Position, b: Position }, ({ a, b }) => {
    if (a.xid < b.xid) assert.strictEqual(compare(a, b), -1)
    if (a.xid === b.xid && a.id < b.id) assert.strictEqual(compare(a, b), -1)
  })

  it.prop("nothing comes before the start", { position: Position }, ({ position }) => {
    assert.isAtMost(compare(start, position), 0)
  })

  it.prop("its text says it to the last bit", { position: Position }, ({ position }) => {
    assert.deepStrictEqual(parse(format(position)), Option.some(position))
    assert.isTrue(isPositionText(format(position)))
  })

  it("holds the largest ids that PostgreSQL has", () => {
    assert.strictEqual(format(largest), "18446744073709551615.9223372036854775807")
    assert.deepStrictEqual(parse(format(largest)), Option.some(largest))
  })

  it.prop("is no place at all when the text is anything else", { text: Schema.String }, ({ text }) => {
    assert.isTrue(Option.isNone(parse(text)) || /^\d+\.\d+$/u.test(text))
  })

  it("refuses what no log can hold", () => {
    const texts = ["", ".", "1", "1.", ".1", "-1.1", "1.-1", "1.1.1", " 1.1", "1.1\n", "0x1.1", "1e3.1"]
    const tooLarge = ["18446744073709551616.0", "0.9223372036854775808", "99999999999999999999.1"]

    assert.deepStrictEqual([...texts, ...tooLarge].filter((text) => Option.isSome(parse(text))), [])
    assert.deepStrictEqual([...texts, ...tooLarge].filter((text) => isPositionText(text)), [])
  })
})
