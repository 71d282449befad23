/**
 * Bodies of requests: JSON in UTF-8, of bounded size, with text that can be stored.
 *
 * The text is checked for what no store keeps before anything else looks at it: one such value would take down the
 * batch that its job is in.
 */
import { type InvalidRequest, MalformedJson, type ProblemIssue, UnstorableText } from "#domain/contract/Problems.ts"
import { findUnstorable } from "#domain/Json.ts"
import { ByteSize, Effect, Result, Schema, type SchemaAST } from "effect"
import { HttpIncomingMessage, type HttpServerRequest } from "effect/http"
import { issuesOf, misfit } from "./issues.ts"

/** Bytes of a request: 5,000 jobs of three kilobytes, or 60 of the largest payload. */
export const maxRequestBytes = 16 * 1024 * 1024
const maxBodySize = ByteSize.bytes(maxRequestBytes)

const utf8 = new TextDecoder("utf-8", { fatal: true })

export interface Body {
  readonly value: unknown
  /** Bytes as they came. */
  readonly bytes: number
  /** Whether a string may hold U+0000 or half of a surrogate pair: only an escape can spell them. */
  readonly hasEscapes: boolean
}

const parse = (buffer: ArrayBuffer): Effect.Effect<Body, MalformedJson> => {
  try {
    const text = utf8.decode(buffer)
    return Effect.succeed({ value: JSON.parse(text), bytes: buffer.byteLength, hasEscapes: text.includes("\\u") })
  } catch (error) {
    return Effect.fail(new MalformedJson({ detail: error instanceof Error ? error.message : "not JSON" }))
  }
}

/** Fails with an `HttpServerError` when the body is too large or breaks off. */
export const read = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.flatMap(request.arrayBuffer, parse).pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBodySize)
  )

/** Where a value, found at `prefix`, holds text that cannot be stored. */
export const unstorableIn = (
  body: Pick<Body, "hasEscapes">,
  value: unknown,
  prefix = ""
): ReadonlyArray<ProblemIssue> => {
  const path = body.hasEscapes ? findUnstorable(value) : undefined
  return path === undefined
    ? []
    : [{ in: "body", path: prefix + path, message: "holds U+0000 or half of a surrogate pair, which cannot be stored" }]
}

export const unstorableText = (errors: ReadonlyArray<ProblemIssue>) =>
  new UnstorableText({ detail: `${errors[0]?.path || "/"} ${errors[0]?.message ?? ""}`, errors })

/** Says all that is wrong, unknown fields included. */
export const strictly: SchemaAST.ParseOptions = { errors: "all", onExcessProperty: "error" }

/** Decodes a part of the body, found at `prefix`; the decoder is compiled once. */
export const decoderOf = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, options = strictly) => {
  const decode = Schema.decodeUnknownResult(schema, options)
  return (value: unknown, prefix = ""): Result.Result<S["Type"], InvalidRequest> =>
    Result.mapError(decode(value), (error) => misfit(issuesOf("body", error.issue, prefix)))
}

/** Reads and decodes a whole body. */
export const decoded = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, options = strictly) => {
  const decode = decoderOf(schema, options)
  return (request: HttpServerRequest.HttpServerRequest) =>
    Effect.flatMap(
      read(request),
      (body): Effect.Effect<S["Type"], UnstorableText | InvalidRequest> => {
        const unstorable = unstorableIn(body, body.value)
        return unstorable.length > 0 ? Effect.fail(unstorableText(unstorable)) : Effect.fromResult(decode(body.value))
      }
    )
}
