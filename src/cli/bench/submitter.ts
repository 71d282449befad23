/**
 * Submits single jobs over plain HTTP with connections that stay open. A load generator shares the machine with what it
 * measures: the typed client would take more of it than the gateway does.
 */
import { Effect, Option, Redacted, Schema, type Scope } from "effect"
import { Agent, request } from "node:http"
import { Agent as TlsAgent, request as tlsRequest } from "node:https"
import { addresses, bearerToken } from "../api.ts"

/** Requests on their way at the same time; arrivals beyond wait in the agent, and their wait counts. */
const maxInFlight = 256
/** A gateway that does not answer in this time has not accepted. */
const patienceMillis = 30_000

const Accepted = Schema.fromJsonString(Schema.Struct({ jobId: Schema.String }))
const decode = Schema.decodeUnknownOption(Accepted)

export interface Submitter {
  /** The id of the job, or undefined when it was not accepted. Never rejects. */
  readonly submit: (body: string) => Promise<string | undefined>
}

export const make = Effect.gen(
  function*(): Effect.fn.Return<
    Submitter,
    Effect.Error<typeof addresses>,
    Effect.Services<typeof addresses> | Effect.Services<typeof bearerToken> | Scope.Scope
  > {
    const url = new URL(`${(yield* addresses).gatewayUrl}/jobs`)
    const token = yield* bearerToken
    const isTls = url.protocol === "https:"
    const options = { keepAlive: true, maxSockets: maxInFlight, scheduling: "lifo" } as const
    const agent = yield* Effect.acquireRelease(
      Effect.sync(() => isTls ? new TlsAgent(options) : new Agent(options)),
      (open) => Effect.sync(() => open.destroy())
    )
    const headers = {
      "content-type": "application/json",
      ...(Option.isSome(token) ? { authorization: `Bearer ${Redacted.value(token.value)}` } : {})
    }
    const send = isTls ? tlsRequest : request
    return {
      submit: (body) =>
        new Promise((resolve) => {
          const outgoing = send(url, {
            method: "POST",
            agent,
            timeout: patienceMillis,
            headers: { ...headers, "content-length": Buffer.byteLength(body) }
          }, (answer) => {
            let text = ""
            answer.setEncoding("utf8")
            answer.on("data", (chunk: string) => {
              text += chunk
            })
            answer.on("end", () => {
              resolve(answer.statusCode === 202 ? Option.getOrUndefined(decode(text))?.jobId : undefined)
            })
            answer.on("error", () => resolve(undefined))
          })
          outgoing.on("timeout", () => outgoing.destroy())
          outgoing.on("error", () => resolve(undefined))
          outgoing.end(body)
        })
    }
  }
)
