import { format, parse } from "#domain/TraceContext.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const hex = (length: number) => Schema.String.check(Schema.isPattern(new RegExp(`^[0-9a-f]{${length}}$`, "u")))
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const spanId = "00f067aa0ba902b7"

describe("TraceContext", () => {
  it.prop(
    "a header says the trace, the span and whether it is sampled",
    { traceId: hex(32), spanId: hex(16), sampled: Schema.Boolean },
    (trace) => {
      const isValid = !/^0+$/u.test(trace.traceId) && !/^0+$/u.test(trace.spanId)

      assert.deepStrictEqual(parse(format(trace)), isValid ? { ...trace } : undefined)
    }
  )

  it.prop("ignores what is no trace context", { text: Schema.String }, ({ text }) => {
    assert.isUndefined(parse(text))
  })

  it("reads a later version as version 00, as W3C says", () => {
    assert.deepStrictEqual(parse(`01-${traceId}-${spanId}-01-what-comes-later`), { traceId, spanId, sampled: true })
  })

  it("ignores what W3C calls invalid", () => {
    const headers = [
      undefined,
      "",
      `ff-${traceId}-${spanId}-01`,
      `00-${traceId}-${spanId}-01-more`,
      `00-${"0".repeat(32)}-${spanId}-01`,
      `00-${traceId}-${"0".repeat(16)}-01`,
      `00-${traceId.toUpperCase()}-${spanId}-01`,
      `00-${traceId.slice(1)}-${spanId}-01`,
      `00-${traceId}-${spanId}`
    ]

    assert.deepStrictEqual(headers.map(parse), headers.map(() => undefined))
  })
})
