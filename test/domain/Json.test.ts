import {
  canonicalJson,
  findUnstorable,
  findUnstorableIn,
  isStorableText,
  isTooDeep,
  maxJsonDepth,
  storableJson,
  storableJsonText,
  storableText
} from "#domain/Json.ts"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"

/** Text in which halves of surrogate pairs and U+0000 are as likely as anything else. */
const Piece = Schema.Literals(["a", "é", "\u0000", "\uD83D", "\uDE00", "😀", "/", "~", "\\", "\"", "u0000", ""])
const anyText = Arbitrary.map(Arbitrary.array(Arbitrary.schema(Piece), { maxLength: 5 }), (pieces) => pieces.join(""))
const Plain = Schema.Union([Schema.Null, Schema.Boolean, Schema.Finite])
const leaf = Arbitrary.flatMap(
  Arbitrary.schema(Schema.Boolean),
  (isText): Arbitrary.Arbitrary<unknown> => isText ? anyText : Arbitrary.schema(Plain)
)
const around = (inner: Arbitrary.Arbitrary<unknown>): Arbitrary.Arbitrary<unknown> =>
  Arbitrary.flatMap(Arbitrary.schema(Schema.Literals(["leaf", "array", "object"])), (kind) => {
    switch (kind) {
      case "leaf":
        return leaf
      case "array":
        return Arbitrary.array(inner, { maxLength: 4 })
      case "object":
        return Arbitrary.map(
          Arbitrary.array(Arbitrary.all([anyText, inner]), { maxLength: 4 }),
          (entries) => Object.fromEntries(entries)
        )
    }
  })
const anyJson = around(around(around(leaf)))

/** The same value with the keys of its objects in the opposite order. */
const reversed = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(reversed)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).toReversed().map(([key, item]) => [key, reversed(item)]))
    : value

const textsOf = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string"
    ? [value]
    : Array.isArray(value)
    ? value.flatMap(textsOf)
    : typeof value === "object" && value !== null
    ? Object.keys(value).concat(Object.values(value).flatMap(textsOf))
    : []

const at = (value: unknown, pointer: string): unknown =>
  pointer === ""
    ? value :
    pointer.slice(1).split("/").reduce<unknown>(
      (inside, step) =>
        typeof inside === "object" && inside !== null
          ? Reflect.get(inside, step.replaceAll("~1", "/").replaceAll("~0", "~"))
          : undefined,
      value
    )

const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels))

describe("Json", () => {
  it.prop("text is storable when UTF-8 and PostgreSQL have it as it is", { text: anyText }, ({ text }) => {
    assert.strictEqual(isStorableText(text), Buffer.from(text).toString() === text && !text.includes("\u0000"))
  })

  it.prop("replaced text is storable, storable text is not replaced", { text: anyText }, ({ text }) => {
    assert.isTrue(isStorableText(storableText(text)))
    assert.strictEqual(storableText(text) === text, isStorableText(text))
    assert.strictEqual(storableText(text).length, text.length)
  })

  it.prop("finds what cannot be stored exactly when there is some", { value: anyJson }, ({ value }) => {
    const isStorable = textsOf(value).every(isStorableText)

    assert.strictEqual(findUnstorable(value) === undefined, isStorable)
    assert.strictEqual(findUnstorableIn(JSON.stringify(value)) === undefined, isStorable)
  })

  it.prop("points at the text, or at the object whose key it is", { value: anyJson }, ({ value }) => {
    const pointer = findUnstorable(value)
    if (pointer === undefined) return

    const found = at(value, pointer)
    assert.isTrue(isStorableText(pointer))
    assert.isTrue(
      typeof found === "string"
        ? !isStorableText(found)
        : typeof found === "object" && found !== null && Object.keys(found).some((key) => !isStorableText(key))
    )
  })

  it("points as JSON Pointer does", () => {
    assert.strictEqual(findUnstorable({ items: [{ name: "a" }, { name: "\u0000" }] }), "/items/1/name")
    assert.strictEqual(findUnstorable({ "a/b": { "c~d": "\uD800" } }), "/a~1b/c~0d")
    assert.strictEqual(findUnstorable({ a: { "\u0000": 1 } }), "/a")
    assert.strictEqual(findUnstorable({ "\uDC00": 1 }), "")
    assert.strictEqual(findUnstorable("\u0000"), "")
  })

  it("leaves text that is no JSON to whoever parses it, unless it cannot be stored itself", () => {
    assert.strictEqual(findUnstorableIn("{\"a\":\"\\u0000"), undefined)
    assert.strictEqual(findUnstorableIn("{\"a\":\"\u0000\"}"), "")
    assert.strictEqual(findUnstorableIn("{\"a\":\"\\\\u0000\"}"), undefined)
    assert.strictEqual(findUnstorableIn("{\"a\":\"\\ud83d\\ude00\"}"), undefined)
    assert.strictEqual(findUnstorableIn("{\"a\":\"\\uD83D\"}"), "/a")
  })

  it("answers for nesting that would exhaust the stack", () => {
    assert.isFalse(isTooDeep(nested(maxJsonDepth)))
    assert.isTrue(isTooDeep(nested(maxJsonDepth + 1)))
    assert.isTrue(isTooDeep(nested(100_000)))
    assert.isUndefined(findUnstorable(nested(maxJsonDepth)))
    assert.isDefined(findUnstorable(nested(100_000)))
    assert.isUndefined(storableJsonText(nested(100_000)))
  })

  it.prop("what is made storable is storable, and nothing else changes", { value: anyJson }, ({ value }) => {
    const made = storableJson(value)

    assert.isUndefined(findUnstorable(made))
    assert.deepStrictEqual(storableJson(made), made)
    if (findUnstorable(value) === undefined) assert.deepStrictEqual(made, value)
  })

  it.prop("storable text of a value is the text of the storable value", { value: anyJson }, ({ value }) => {
    assert.deepStrictEqual(JSON.parse(storableJsonText(value) ?? ""), JSON.parse(JSON.stringify(storableJson(value))))
  })

  it("spells any value that JSON has a word for, and says when it has none", () => {
    const circle: Record<string, unknown> = {}
    circle["self"] = circle

    assert.strictEqual(storableJsonText({ at: new Date(0), no: undefined }), "{\"at\":\"1970-01-01T00:00:00.000Z\"}")
    assert.deepStrictEqual([undefined, () => 1, Number.NaN].map(storableJsonText), ["null", "null", "null"])
    assert.deepStrictEqual([circle, 1n].map(storableJsonText), [undefined, undefined])
  })

  it.prop("values have one spelling, whatever the order of their keys", { a: anyJson, b: anyJson }, ({ a, b }) => {
    assert.strictEqual(canonicalJson(reversed(a)), canonicalJson(a))
    assert.deepStrictEqual(JSON.parse(canonicalJson(a)), JSON.parse(JSON.stringify(a)))
    assert.strictEqual(canonicalJson(JSON.parse(canonicalJson(a))), canonicalJson(a))
    const isSame = (() => {
      try {
        assert.deepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)))
        return true
      } catch {
        return false
      }
    })()
    assert.strictEqual(canonicalJson(a) === canonicalJson(b), isSame)
  })

  it("leaves out what JSON leaves out", () => {
    assert.strictEqual(
      canonicalJson({ b: [undefined, 1], a: undefined, c: { d: 2, B: 1 } }),
      "{\"b\":[null,1],\"c\":{\"B\":1,\"d\":2}}"
    )
  })
})
