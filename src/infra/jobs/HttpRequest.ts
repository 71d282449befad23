/**
 * `http.request`: calls a URL. 2xx completes; 408, 425, 429, 5xx and network trouble are tried again; any other answer is
 * final. Redirects are followed one by one, each checked like the first URL, unless the job counts them as success.
 */
import type { JobContext } from "#domain/JobType.ts"
import { Schema } from "effect"
import * as http from "node:http"
import * as https from "node:https"
import { guardedLookup, refuseLiteral } from "./AddressPolicy.ts"
import { defineJobType, NonRetryable } from "./defineJobType.ts"
import { signatureHeaders } from "./WebhookSignature.ts"

const Method = Schema.Literals(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])

/** A token of RFC 9110. */
const HeaderName = Schema.String.check(
  Schema.isPattern(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u, { message: "is no header name" })
)

const Payload = Schema.Struct({
  url: Schema.String.check(Schema.isPattern(/^https?:\/\//u, { message: "must start with http:// or https://" })),
  method: Schema.optionalKey(Method),
  headers: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.String).check(Schema.isPropertyNames(HeaderName))
  ),
  /** A string is sent as it is, anything else as JSON. */
  body: Schema.optionalKey(Schema.Json),
  /** Limit of one request in milliseconds. Default: 30 seconds. */
  timeoutMillis: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 900_000 }))),
  /** Status codes that complete the job; a redirect among them is not followed. Default: 200 to 299. */
  successStatuses: Schema.optionalKey(
    Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 }))).check(Schema.isMaxLength(50))
  )
})

const Result = Schema.Struct({
  status: Schema.Int,
  url: Schema.String,
  contentType: Schema.NullOr(Schema.String),
  body: Schema.String,
  /** The answer was longer than what is kept. */
  truncated: Schema.Boolean
})

const defaultRequestMillis = 30_000
const maxRedirects = 5
/** Characters of foreign text that an error message repeats. */
const maxQuotedLength = 300
/** Bytes of an answer that are kept; the rest is read and thrown away, up to the second limit. */
const maxKeptBytes = 16 * 1024
const maxReadBytes = 10 * 1024 * 1024
const retryableStatuses = new Set([408, 425, 429])
/** Headers that belong to the connection, or that we set ourselves. */
const reservedHeaders = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "webhook-id",
  "webhook-timestamp",
  "webhook-signature"
])
/** All that follows a redirect to another origin: any other header may hold a secret, whatever its name. */
const harmlessHeaders = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "content-encoding",
  "content-language",
  "content-length",
  "content-type",
  "odto-attempt",
  "odto-job-id",
  "traceparent",
  "user-agent"
])

interface Call {
  readonly url: URL
  readonly method: typeof Method.Type
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

interface Answer {
  readonly status: number
  readonly location: string | undefined
  readonly contentType: string | null
  readonly body: string
  readonly truncated: boolean
}

/** The answer says that the request failed. */
class UnexpectedStatus extends Error {
  override readonly name = "UnexpectedStatus"
  readonly retryable: boolean
  constructor(status: number, body: string) {
    super(`the answer was ${status}${body === "" ? "" : `: ${body.slice(0, maxQuotedLength)}`}`)
    this.retryable = status >= 500 || retryableStatuses.has(status)
  }
}

/** What Node refuses to send it refuses at once, before anything is connected: credentials that are badly escaped. */
const starting = (request: () => http.ClientRequest): http.ClientRequest => {
  try {
    return request()
  } catch (cause) {
    throw new NonRetryable(`the request cannot be made: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

const exchange = (call: Call, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve, reject) => {
    refuseLiteral(call.url.hostname)
    const { request } = call.url.protocol === "https:" ? https : http
    const keep = (incoming: http.IncomingMessage) => {
      const kept: Array<Buffer> = []
      let keptBytes = 0
      let readBytes = 0
      incoming.on("data", (chunk: Buffer) => {
        readBytes += chunk.length
        if (keptBytes < maxKeptBytes) {
          const part = chunk.subarray(0, maxKeptBytes - keptBytes)
          kept.push(part)
          keptBytes += part.length
        }
        if (readBytes > maxReadBytes) incoming.destroy()
      })
      incoming.on("error", reject)
      incoming.on("close", () => {
        if (!incoming.complete && readBytes <= maxReadBytes) return reject(new Error("the answer broke off"))
        return resolve({
          status: incoming.statusCode ?? 0,
          location: incoming.headers.location,
          contentType: incoming.headers["content-type"] ?? null,
          body: Buffer.concat(kept).toString("utf8"),
          truncated: readBytes > keptBytes
        })
      })
    }
    const { headers, method, url } = call
    const outgoing = starting(() =>
      request(url, { method, headers, lookup: guardedLookup, signal, agent: false }, keep)
    )
    outgoing.on("error", reject)
    outgoing.end(call.body)
  })

/** The same text is as unreadable the next time. */
const parseUrl = (text: string, base?: URL): URL => {
  const url = URL.parse(text, base?.href)
  if (url !== null) return url
  const where = base === undefined ? "the URL" : `the answer of ${base.origin} redirects to an address that`
  throw new NonRetryable(`${where} cannot be read: ${JSON.stringify(text.slice(0, maxQuotedLength))}`)
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

const redirected = (call: Call, status: number, location: string): Call => {
  const url = parseUrl(location, call.url)
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new NonRetryable(`the answer redirects to ${url.protocol}, which is not followed`)
  }
  const becomesGet = status === 303 || ((status === 301 || status === 302) && call.method === "POST")
  const sameOrigin = url.origin === call.url.origin
  const headers = Object.fromEntries(
    Object.entries(call.headers).filter(([name]) =>
      (sameOrigin || harmlessHeaders.has(name)) &&
      (!becomesGet || !(name.startsWith("content-") || name.startsWith("webhook-")))
    )
  )
  return { url, method: becomesGet ? "GET" : call.method, headers, body: becomesGet ? undefined : call.body }
}

const checkHeader = (name: string, value: string): void => {
  try {
    http.validateHeaderName(name)
    http.validateHeaderValue(name, value)
  } catch (cause) {
    throw new NonRetryable(cause instanceof Error ? cause.message : `the header ${name} cannot be sent`)
  }
}

const headersOf = (
  payload: typeof Payload.Type,
  body: string | undefined,
  context: JobContext,
  key: Buffer | undefined
): Readonly<Record<string, string>> => {
  const given = Object.entries(payload.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
  for (const [name, value] of given) {
    if (reservedHeaders.has(name)) throw new NonRetryable(`the header ${name} cannot be set by a job`)
    checkHeader(name, value)
  }
  return {
    "user-agent": "odto",
    ...(body === undefined || typeof payload.body === "string" ? {} : { "content-type": "application/json" }),
    ...Object.fromEntries(given),
    "odto-job-id": context.jobId,
    "odto-attempt": String(context.attempt),
    ...(context.traceparent === undefined ? {} : { traceparent: context.traceparent }),
    ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    ...(body === undefined || key === undefined
      ? {}
      : signatureHeaders(key, { id: context.jobId, timestampSeconds: Math.floor(Date.now() / 1_000), body }))
  }
}

/** `signingKey`: bodies are signed with it when it is there. */
export const httpRequest = (signingKey: Buffer | undefined) =>
  defineJobType({
    name: "http.request",
    description: "Calls a URL and keeps the answer",
    payload: Payload,
    result: Result,
    handler: async (payload, context) => {
      const body = payload.body === undefined
        ? undefined
        : typeof payload.body === "string"
        ? payload.body
        : JSON.stringify(payload.body)
      let call: Call = {
        url: parseUrl(payload.url),
        method: payload.method ?? (body === undefined ? "GET" : "POST"),
        headers: headersOf(payload, body, context, signingKey),
        body
      }
      const timeout = AbortSignal.timeout(payload.timeoutMillis ?? defaultRequestMillis)
      const signal = AbortSignal.any([context.signal, timeout])
      for (let redirects = 0; redirects <= maxRedirects; redirects++) {
        const answer = await exchange(call, signal).catch((cause: unknown) => {
          if (timeout.aborted) throw new Error(`no answer within ${payload.timeoutMillis ?? defaultRequestMillis} ms`)
          throw cause
        })
        const succeeded = payload.successStatuses?.includes(answer.status) ??
          (answer.status >= 200 && answer.status < 300)
        if (!succeeded && isRedirect(answer.status) && answer.location !== undefined) {
          call = redirected(call, answer.status, answer.location)
          continue
        }
        if (!succeeded) throw new UnexpectedStatus(answer.status, answer.body)
        const { contentType, status, truncated } = answer
        return { status, url: call.url.href, contentType, body: answer.body, truncated }
      }
      throw new NonRetryable(`more than ${maxRedirects} redirects`)
    }
  })
