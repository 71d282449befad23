import { Frames } from "#infra/pglite/Frames.ts"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const message = (type: string, body: string): Buffer => {
  const bytes = Buffer.alloc(type.length + 4 + body.length)
  bytes.write(type)
  bytes.writeUInt32BE(4 + body.length, type.length)
  bytes.write(body, type.length + 4)
  return bytes
}

it.effect.prop(
  "gives whole messages, however the bytes are cut",
  { bodies: Schema.Array(Schema.String), cuts: Schema.Array(Schema.Natural) },
  ({ bodies, cuts }) =>
    Effect.sync(() => {
      const messages = [
        message("", "startup"),
        ...bodies.map((body) => message("Q", Buffer.from(body).toString("hex")))
      ]
      const all = Buffer.concat(messages)
      const ends = new Set(messages.map((_, index) => Buffer.concat(messages.slice(0, index + 1)).length))
      const marks = [...new Set([0, ...cuts.map((cut) => cut % all.length), all.length])].toSorted((a, b) => a - b)
      const frames = new Frames()

      const given = marks.slice(1).map((mark, index) => Buffer.from(frames.push(all.subarray(marks[index], mark))))

      assert.deepStrictEqual(Buffer.concat(given), all)
      let sum = 0
      for (const piece of given) {
        sum += piece.length
        assert.isTrue(piece.length === 0 || ends.has(sum))
      }
    })
)

it("drops what follows the end of a session", () => {
  const frames = new Frames()
  frames.push(message("", "startup"))

  const given = frames.push(Buffer.concat([message("Q", "select"), message("X", ""), message("Q", "late")]))

  assert.deepStrictEqual(Buffer.from(given), message("Q", "select"))
})
