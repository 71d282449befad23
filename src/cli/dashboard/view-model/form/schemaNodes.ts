/** What a form needs to know of a JSON Schema: references followed, `allOf` merged, choices found. */
import type { JsonObject } from "#domain/Job.ts"
import { Predicate } from "effect"

export interface SchemaNode {
  readonly type: string | undefined
  readonly properties: Readonly<Record<string, SchemaNode>>
  readonly required: ReadonlyArray<string>
  /** Properties that are not named are allowed. */
  readonly isOpen: boolean
  readonly description: string | undefined
  readonly default: unknown
  readonly minimum: number | undefined
  readonly maximum: number | undefined
  readonly maxLength: number | undefined
  readonly choices: ReadonlyArray<unknown> | undefined
}

type Raw = Readonly<Record<PropertyKey, unknown>>

/** References that lead in a circle end here. */
const maxDepth = 8

const isRaw = (value: unknown): value is Raw => Predicate.isObject(value) && !Array.isArray(value)
const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

const followed = (node: Raw, root: Raw): Raw => {
  const reference = node["$ref"]
  if (typeof reference !== "string" || !reference.startsWith("#/")) return node
  const found = reference.slice(2).split("/").reduce<unknown>(
    (at, step) => isRaw(at) ? at[decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~")] : undefined,
    root
  )
  return isRaw(found) ? { ...found, ...node, $ref: undefined } : node
}

/** The node with everything that it is said to be at once. */
const whole = (node: Raw, root: Raw, depth: number): Raw => {
  const here = followed(node, root)
  const parts = depth >= maxDepth ? [] : list(here["allOf"]).filter(isRaw)
  return Object.assign({}, ...parts.map((part) => whole(part, root, depth + 1)), here)
}

/** `enum`, `const`, or alternatives that are all one of them. */
const choicesOf = (node: Raw, root: Raw): ReadonlyArray<unknown> | undefined => {
  if (Array.isArray(node["enum"])) return list(node["enum"])
  if ("const" in node && node["const"] !== undefined) return [node["const"]]
  const alternatives = [...list(node["anyOf"]), ...list(node["oneOf"])].filter(isRaw)
  const each = alternatives.map((alternative) => choicesOf(whole(alternative, root, 1), root))
  return each.length > 0 && each.every((choices) => choices !== undefined) ? each.flat() : undefined
}

const numberIn = (value: unknown): number | undefined => typeof value === "number" ? value : undefined

const nodeOf = (raw: Raw, root: Raw, depth: number): SchemaNode => {
  const node = whole(raw, root, 0)
  const types = typeof node["type"] === "string" ? [node["type"]] : list(node["type"]).filter((type) => type !== "null")
  const properties = isRaw(node["properties"]) && depth === 0 ? node["properties"] : {}
  return {
    type: types.length === 1 && typeof types[0] === "string" ? types[0] : undefined,
    properties: Object.fromEntries(
      Object.entries(properties).flatMap(([name, value]) =>
        isRaw(value) ? [[name, nodeOf(value, root, depth + 1)]] : []
      )
    ),
    required: list(node["required"]).filter((name) => typeof name === "string"),
    isOpen: node["additionalProperties"] !== false,
    description: typeof node["description"] === "string" ? node["description"] : undefined,
    default: node["default"],
    minimum: numberIn(node["minimum"]),
    maximum: numberIn(node["maximum"]),
    maxLength: numberIn(node["maxLength"]),
    choices: choicesOf(node, root)
  }
}

export const resolved = (schema: JsonObject): SchemaNode => nodeOf(schema, schema, 0)
