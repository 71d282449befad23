import { JobId } from "#domain/Job.ts"
import { makeUuidV7, uuidRandomBytes, uuidV7 } from "#domain/Uuid.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const Millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 48 - 1 }))
const Bytes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))).check(
  Schema.isMinLength(uuidRandomBytes),
  Schema.isMaxLength(16)
)
const millisOf = (id: string): number => Number.parseInt(id.replace("-", "").slice(0, 12), 16)

describe("Uuid", () => {
  it("spells the example of RFC 9562", () => {
    const random = Uint8Array.of(0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f)

    assert.strictEqual(uuidV7(0x017f22e279b0, random), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
  })

  it.prop("carries its version, its variant and its millisecond", { now: Millis, random: Bytes }, ({ now, random }) => {
    const id = uuidV7(now, Uint8Array.from(random))

    assert.isTrue(Schema.is(JobId)(id))
    assert.isTrue(Schema.is(Schema.String.check(Schema.isUUID(7)))(id))
    assert.strictEqual(millisOf(id), now)
  })

  it.prop("sorts by time", { a: Millis, b: Millis, random: Bytes }, ({ a, b, random }) => {
    const [first, second] = [uuidV7(a, Uint8Array.from(random)), uuidV7(b, new Uint8Array(uuidRandomBytes))]

    if (a < b) assert.isTrue(first < second)
    if (a > b) assert.isTrue(first > second)
    if (a === b) assert.isTrue(second <= first)
  })

  it("keeps every random bit that it is given", () => {
    const spelled = new Set<string>()
    for (let bit = 0; bit < 80; bit++) {
      const random = new Uint8Array(uuidRandomBytes)
      random[bit >> 3] = 1 << (bit & 7)
      spelled.add(uuidV7(0, random))
    }

    // 74 single bits, and zero for the six that version and variant take.
    assert.strictEqual(spelled.size, 75)
  })

  it.prop(
    "a source strictly increases whatever the clock and the randomness do",
    { steps: Schema.Array(Schema.Tuple([Millis, Bytes])).check(Schema.isMaxLength(50)) },
    ({ steps }) => {
      let random: ReadonlyArray<number> = []
      const next = makeUuidV7(() => Uint8Array.from(random))
      let last = ""
      for (const [now, bytes] of steps) {
        random = bytes
        const id = next(now)
        assert.isTrue(Schema.is(JobId)(id))
        assert.isTrue(id > last)
        last = id
      }
    }
  )

  it("a source goes on in the next millisecond when the counter of one is used up", () => {
    const next = makeUuidV7(() => new Uint8Array(uuidRandomBytes).fill(0xff))
    const ids = Array.from({ length: 2 ** 17 + 2 }, () => next(5))

    assert.isTrue(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? "")))
    assert.deepStrictEqual(ids.slice(0, 2 ** 17 + 1).map(millisOf), Array.from({ length: 2 ** 17 + 1 }, () => 5))
    assert.strictEqual(millisOf(ids[2 ** 17 + 1] ?? ""), 6)
  })
})
