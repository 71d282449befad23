/**
 * What breaks those who hold to an earlier schema. Pure.
 *
 * Of what clients write (`request`) nothing may be taken away that was accepted; of what they read (`answer`) nothing that
 * they were promised. More is never breaking: readers must bear fields and enum values that they do not know.
 */
import { type Json, type JsonMap, textIn } from "./jsonSchema.ts"

export type Direction = "request" | "answer"

/** A schema in the document that its references point into. */
export interface Placed {
  readonly schema: Json | undefined
  readonly document: JsonMap
}

export const isMap = (value: Json | undefined): value is JsonMap =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const mapOf = (value: Json | undefined): JsonMap => isMap(value) ? value : {}
const listOf = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value : []
const same = (a: Json | undefined, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Follows `#/a/b/c` within the document. */
export const lookUp = (document: JsonMap, pointer: string): Json | undefined =>
  pointer.replace(/^#\//u, "").split("/").reduce<Json | undefined>(
    (value, key) => mapOf(value)[key.replaceAll("~1", "/").replaceAll("~0", "~")],
    document
  )

/** The schema itself: references followed, the parts of `allOf` put together. */
const whole = ({ document, schema }: Placed): JsonMap => {
  const own = mapOf(schema)
  const { $ref, allOf, ...rest } = own
  const target = typeof $ref === "string" ? whole({ document, schema: lookUp(document, $ref) }) : {}
  return Object.assign({}, target, rest, ...listOf(allOf).map((part) => whole({ document, schema: part })))
}

const numbers = (a: Json | undefined, b: Json | undefined, worse: (a: number, b: number) => boolean): boolean =>
  typeof b === "number" && (typeof a !== "number" || worse(a, b))

/** Limits by which a value may newly be refused. */
const lower = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]
const upper = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]

const limitChanges = (before: JsonMap, after: JsonMap, at: string): ReadonlyArray<string> => [
  ...lower.filter((key) => numbers(before[key], after[key], (a, b) => b > a)).map((key) => `${at}: ${key} is raised`),
  ...upper.filter((key) => numbers(before[key], after[key], (a, b) => b < a)).map((key) => `${at}: ${key} is lowered`),
  ...["pattern", "format", "multipleOf"].filter((key) => after[key] !== undefined && !same(before[key], after[key]))
    .map((key) => `${at}: ${key} is changed`)
]

/** Values that a literal or an enumeration allows; undefined when it is neither. */
const valuesOf = (schema: JsonMap): ReadonlyArray<Json> | undefined =>
  schema["const"] !== undefined ? [schema["const"]] : Array.isArray(schema["enum"]) ? listOf(schema["enum"]) : undefined

const valueChanges = (before: JsonMap, after: JsonMap, at: string, direction: Direction): ReadonlyArray<string> => {
  const were = valuesOf(before)
  const are = valuesOf(after)
  if (direction === "answer") return were !== undefined && are === undefined ? [`${at}: is open to any value`] : []
  if (are === undefined) return []
  if (were === undefined) return [`${at}: is limited to ${are.map((value) => JSON.stringify(value)).join(", ")}`]
  return were.filter((value) => !are.some((other) => same(value, other))).map((value) =>
    `${at}: the value ${JSON.stringify(value)} is removed`
  )
}

const typesOf = (schema: JsonMap): ReadonlyArray<string> | undefined => {
  const { type } = schema
  if (type === undefined) return undefined
  return (Array.isArray(type) ? listOf(type) : [type]).map(textIn)
}

/** Whether every value of the type is one of the others: an integer is a number. */
const isAmong = (type: string, others: ReadonlyArray<string>): boolean =>
  others.includes(type) || (type === "integer" && others.includes("number"))

const typeChanges = (before: JsonMap, after: JsonMap, at: string, direction: Direction): ReadonlyArray<string> => {
  const were = typesOf(before)
  const are = typesOf(after)
  const [from, into] = direction === "request" ? [were, are] : [are, were]
  if (into === undefined) return []
  const fits = from !== undefined && from.every((type) => isAmong(type, into))
  return fits ? [] : [`${at}: the type ${were?.join(" or ") ?? "any"} becomes ${are?.join(" or ") ?? "any"}`]
}

type Compare = (before: Json | undefined, after: Json | undefined, at: string) => ReadonlyArray<string>

const propertyChanges = (
  before: JsonMap,
  after: JsonMap,
  at: string,
  direction: Direction,
  compare: Compare
): ReadonlyArray<string> => {
  const were = mapOf(before["properties"])
  const are = mapOf(after["properties"])
  const required = { before: listOf(before["required"]), after: listOf(after["required"]) }
  const requirement = direction === "request"
    ? required.after.filter((name) => !required.before.includes(name)).map((name) =>
      `${at}/${textIn(name)}: is newly required`
    )
    : required.before.filter((name) => !required.after.includes(name) && are[textIn(name)] !== undefined).map((name) =>
      `${at}/${textIn(name)}: may be absent now`
    )
  return [
    ...Object.keys(were).flatMap((name) =>
      are[name] === undefined ? [`${at}/${name}: is removed`] : compare(were[name], are[name], `${at}/${name}`)
    ),
    ...requirement,
    ...(direction === "request" && before["additionalProperties"] !== false && after["additionalProperties"] === false
      ? [`${at}: fields that are not named are refused`]
      : []),
    ...(isMap(before["additionalProperties"]) && isMap(after["additionalProperties"])
      ? compare(before["additionalProperties"], after["additionalProperties"], `${at}/*`)
      : [])
  ]
}

const alternativesOf = (schema: JsonMap): ReadonlyArray<Json> | undefined => {
  const listed = schema["anyOf"] ?? schema["oneOf"]
  return listed === undefined ? undefined : listOf(listed)
}

/** Every change from `before` to `after` that breaks somebody, each with its place. */
export const schemaChanges = (
  before: Placed,
  after: Placed,
  direction: Direction,
  at: string
): ReadonlyArray<string> => {
  // Schemas that contain themselves are compared once.
  const seen = new Set<string>()
  const compare: Compare = (old, current, place) => {
    const pair = `${JSON.stringify(old)} ${JSON.stringify(current)}`
    if (seen.has(pair)) return []
    if (isMap(old) && typeof old["$ref"] === "string") seen.add(pair)
    const was = whole({ document: before.document, schema: old })
    const is = whole({ document: after.document, schema: current })
    const wasOneOf = alternativesOf(was)
    const isOneOf = alternativesOf(is)
    if (wasOneOf !== undefined || isOneOf !== undefined) {
      const olds = wasOneOf ?? [was]
      const news = isOneOf ?? [is]
      const [given, taken] = direction === "request" ? [olds, news] : [news, olds]
      return given.flatMap((one) => {
        const tries = taken.map((other) => {
          const [a, b] = direction === "request" ? [one, other] : [other, one]
          const known = new Set(seen)
          const changes = compare(a, b, place)
          seen.clear()
          for (const each of known) seen.add(each)
          return changes
        })
        const best = tries.toSorted((a, b) => a.length - b.length)[0]
        if (best === undefined || best.length === 0) return best ?? []
        return given.length === 1 || taken.length === given.length
          ? best
          : [
            `${place}: ${direction === "request" ? "an alternative is removed" : "an alternative is added"}: ${
              JSON.stringify(one).slice(0, 80)
            }`
          ]
      })
    }
    const types = typeChanges(was, is, place, direction)
    if (types.length > 0) return types
    return [
      ...valueChanges(was, is, place, direction),
      ...(direction === "request" && valuesOf(was) === undefined ? limitChanges(was, is, place) : []),
      ...propertyChanges(was, is, place, direction, compare),
      ...(was["items"] === undefined || is["items"] === undefined
        ? []
        : compare(was["items"], is["items"], `${place}/[]`)),
      ...listOf(was["prefixItems"]).flatMap((item, index) =>
        compare(item, listOf(is["prefixItems"])[index], `${place}/${index}`)
      )
    ]
  }
  return compare(before.schema, after.schema, at)
}
