/** JSON Schemas (draft 2020-12) made from the schemas of the domain. */
import { Schema } from "effect"

export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonMap
export interface JsonMap {
  readonly [key: string]: Json
}

/** Text as it is, anything else as JSON says it. */
export const textIn = (value: Json | undefined): string =>
  typeof value === "string" ? value : JSON.stringify(value) ?? ""

const isMap = (value: unknown): value is JsonMap => typeof value === "object" && value !== null && !Array.isArray(value)

/** Only what JSON can say; keys in the order in which they were made. */
export const toJson = (value: object): JsonMap => {
  const json: unknown = JSON.parse(JSON.stringify(value))
  return isMap(json) ? json : {}
}

/** Safe integers are what JSON numbers are anyway; the bounds say nothing to a reader. */
const isNoise = (key: string, value: Json): boolean =>
  (key === "minimum" && value === Number.MIN_SAFE_INTEGER) || (key === "maximum" && value === Number.MAX_SAFE_INTEGER)

/** Text that is an instant, by the name of its field. */
const instants = new Set(["runAt", "deadline", "time", "createdAt", "finishedAt", "startedAt"])

const refine = (value: Json, refBase: string): Json => {
  if (Array.isArray(value)) return value.map((item: Json) => refine(item, refBase))
  if (!isMap(value)) return value
  return Object.fromEntries(
    Object.entries(value).filter(([key, item]) => !isNoise(key, item)).map(([key, item]) => {
      if (key === "$ref" && typeof item === "string") return [key, item.replace("#/$defs/", refBase)]
      const isInstant = instants.has(key) && isMap(item) && item["type"] === "string" && Object.keys(item).length === 1
      return [key, isInstant ? { type: "string", format: "date-time" } : refine(item, refBase)]
    })
  )
}

/** `strict`: fields that are not named are refused, as requests are read. Otherwise more fields may come. */
export interface Reading {
  readonly strict: boolean
}

/** The schema and what it refers to, with references that begin with `refBase`. */
export const schemaParts = (schema: Schema.Top, refBase: string, { strict }: Reading = { strict: false }) => {
  const document = Schema.toJsonSchemaDocument(schema, { onExcessProperty: strict ? "error" : "ignore" })
  const root = refine(toJson(document.schema), refBase)
  const definitions = refine(toJson(document.definitions), refBase)
  return { root: isMap(root) ? root : {}, definitions: isMap(definitions) ? definitions : {} }
}

/** A file of its own. */
export const schemaFile = (name: string, schema: Schema.Top, reading?: Reading): JsonMap => {
  const { definitions, root } = schemaParts(schema, "#/$defs/", reading)
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:odto:schema:${name}`,
    ...root,
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions })
  }
}
