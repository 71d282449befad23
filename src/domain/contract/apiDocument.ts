/**
 * What both HTTP interfaces share, and corrections of the documents that are generated from them.
 *
 * Query parameters travel as text, so numbers would appear as strings with a pattern; people and code generators want
 * to see integers.
 */
import { Context } from "effect"
import { HttpApi, OpenApi } from "effect/http-api"
import type { Role } from "../Access.ts"
import { NeededRole } from "./Authorization.ts"

/** Version of both HTTP interfaces. A breaking change raises the first number. */
export const apiVersion = "1.0.0"

export const license = { name: "MIT", url: "https://spdx.org/licenses/MIT.html" }

/** Unknown fields and parameters are refused, and everything that is wrong is said at once; headers are left alone. */
export const strict: Context.Context<never> = Context.empty().pipe(
  Context.add(HttpApi.ParamsParseOptions, { errors: "all" as const }),
  Context.add(HttpApi.QueryParseOptions, { errors: "all" as const, onExcessProperty: "error" as const }),
  Context.add(HttpApi.PayloadParseOptions, { errors: "all" as const, onExcessProperty: "error" as const })
)

type Json = string | number | boolean | null | undefined | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** What is to be said of an endpoint. */
export interface Description {
  readonly summary: string
  readonly description?: string
  /** The role that it asks for. Default: viewer. */
  readonly role?: Role
  /** Query parameters that are integers, from and to. */
  readonly integers?: Record<string, readonly [from: number, to: number]>
  /** Headers of a response, which the handler sets itself. */
  readonly headers?: { readonly status: number; readonly names: Record<string, string> }
}

/** Annotations of an endpoint. The role appears in the document as `x-odto-role`. */
export const describe = ({ description, headers, integers = {}, role = "viewer", summary }: Description) =>
  OpenApi.annotations({
    summary,
    description,
    transform: (operation) => {
      const response = headers === undefined ? undefined : operation["responses"]?.[headers.status]
      return {
        ...operation,
        "x-odto-role": role,
        parameters: operation["parameters"]?.map((parameter: { readonly name: string }) => {
          const range = integers[parameter.name]
          return range === undefined
            ? parameter
            : { ...parameter, schema: { type: "integer", minimum: range[0], maximum: range[1] } }
        }),
        responses: headers === undefined || response === undefined ? operation["responses"] : {
          ...operation["responses"],
          [headers.status]: {
            ...response,
            headers: Object.fromEntries(
              Object.entries(headers.names).map((
                [name, text]
              ) => [name, { description: text, schema: { type: "string" } }])
            )
          }
        }
      }
    }
  }).pipe(Context.add(NeededRole, role))

/** `TokenView` and `TokenViewEncoded` are one thing to a reader when only the second is in the document. */
const encodedName = /^(.*)Encoded$/u

const rewrite = (value: Json, nameOf: (name: string) => string): Json => {
  if (Array.isArray(value)) return value.map((item: Json) => rewrite(item, nameOf))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "x-effect-stream")
      .map(([key, item]) => [
        key,
        key === "$ref" && typeof item === "string"
          ? item.replace(/[^/]+$/u, nameOf)
          : rewrite(item, nameOf)
      ])
  )
}

/** Names components by what they are, and leaves out what only Effect's own client reads. */
export const tidy: Context.Context<never> = OpenApi.annotations({
  transform: (document) => {
    const schemas: Record<string, Json> = document["components"]["schemas"]
    const nameOf = (name: string) => {
      const short = encodedName.exec(name)?.[1]
      return short === undefined || short in schemas ? name : short
    }
    return {
      ...document,
      paths: rewrite(document["paths"], nameOf),
      components: {
        ...document["components"],
        schemas: Object.fromEntries(
          Object.entries(schemas)
            .map(([name, schema]) => [nameOf(name), rewrite(schema, nameOf)] as const)
            .toSorted(([a], [b]) => a < b ? -1 : 1)
        )
      }
    }
  }
})
