/** Requests as any client may send them: every header and byte as given, Host and Origin included. */
import { Deferred, Effect, type Scope } from "effect"
import { type IncomingHttpHeaders, request } from "node:http"

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body, when it is JSON. */
  readonly json: Record<string, unknown>
}

/** The list under a key of the answer. */
export const listOf = ({ json }: Answer, key: string): ReadonlyArray<Record<string, unknown>> => {
  const list = json[key]
  return Array.isArray(list) ? list : []
}
/** The last word of the problem's type: `wrong-state`. */
export const problemOf = ({ json }: Answer): string | undefined => String(json["type"]).split(":").at(-1)
/** JSON Pointers of what a problem finds wrong. */
export const errorPathsOf = (answer: Answer): ReadonlyArray<unknown> => listOf(answer, "errors").map(({ path }) => path)

export interface Call {
  readonly method?: string
  readonly headers?: Record<string, string>
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown
  readonly token?: string
}

const jsonOf = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** `POST` when there is a body, else `GET`. */
export const call = (url: string, { body, headers = {}, method, token }: Call = {}): Effect.Effect<Answer> =>
  Effect.callback<Answer>((resume) => {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body)
    const outgoing = request(url, {
      method: method ?? (text === undefined ? "GET" : "POST"),
      agent: false,
      headers: {
        ...(text === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers
      }
    }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () => {
        const answer = Buffer.concat(chunks).toString("utf8")
        resume(Effect.succeed({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: answer,
          json: jsonOf(answer)
        }))
      })
    })
    outgoing.on("error", (error) => resume(Effect.die(error)))
    outgoing.end(text)
    return Effect.sync(() => outgoing.destroy())
  })

/** An answer that goes on: what has come so far, and its end. */
export interface Ongoing {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: Effect.Effect<string>
  readonly ended: Effect.Effect<void>
  /** Takes nothing more until it is called again with false. */
  readonly pause: (isPaused: boolean) => void
}

/** Ends the connection with its scope. */
export const open = (
  url: string,
  { headers = {}, token }: Pick<Call, "headers" | "token"> = {}
): Effect.Effect<Ongoing, never, Scope.Scope> =>
  Effect.gen(function*() {
    const end = yield* Deferred.make<void>()
    const answer = yield* Deferred.make<Ongoing>()
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        request(url, {
          agent: false,
          headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers }
        }, (response) => {
          let text = ""
          response.setEncoding("utf8")
          response.on("data", (chunk: string) => {
            text += chunk
          })
          const finish = () => Deferred.doneUnsafe(end, Effect.void)
          response.on("end", finish).on("error", finish)
          Deferred.doneUnsafe(
            answer,
            Effect.succeed({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: Effect.sync(() => text),
              ended: Deferred.await(end),
              pause: (isPaused) => isPaused ? response.pause() : response.resume()
            })
          )
        }).on("error", (error) => Deferred.doneUnsafe(answer, Effect.die(error))).end()
      ),
      (outgoing) => Effect.sync(() => outgoing.destroy())
    )
    return yield* Deferred.await(answer)
  })
