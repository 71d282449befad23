/** Requests over fetch: JSON in and out, the bearer token, problems as errors. */
import { ConnectionLost, ObservatoryProblem, problemOf } from "./Problem.ts"

/** Strings, numbers and instants, or several of them by repeating the parameter. */
type Parameter = string | number | Date
export type Query = Readonly<Record<string, Parameter | ReadonlyArray<Parameter> | undefined>>

export interface Call {
  readonly method?: "GET" | "POST"
  readonly path: string
  readonly query?: Query
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** Whether to do it again does no harm. Reading is, and submitting with a key. */
  readonly repeatable: boolean
}

/** Both fail with `ObservatoryProblem` or `ConnectionLost`, or as the signal says. */
export interface Transport {
  /** The answer as it begins, when it is a good one. */
  readonly open: (call: Call) => Promise<Response>
  /** The answer, when it is a good one and has come whole. */
  readonly send: (call: Call) => Promise<Answer>
}

export interface Answer {
  readonly headers: Headers
  readonly text: string
}

const outcomeUnknown = "urn:odto:problem:outcome-unknown"
/** Between a broken connection and the one repetition: time for a proxy or a restarted program to listen again. */
const repeatAfterMillis = 200

const encode = (value: Parameter): string => value instanceof Date ? value.toISOString() : String(value)

const address = (base: string, path: string, query: Query = {}): URL => {
  const url = new URL(`${base.replace(/\/$/u, "")}${path}`)
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) url.searchParams.append(name, encode(item))
  }
  return url
}

/** Ends early, with the signal's reason, when the signal aborts. */
export const pause = (millis: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort)
      resolve()
    }, millis)
    signal?.addEventListener("abort", abort, { once: true })
  })

const deserves = (trouble: unknown): boolean =>
  trouble instanceof ConnectionLost || (trouble instanceof ObservatoryProblem && trouble.type === outcomeUnknown)

/** `baseUrl`: where the program listens. */
export const transport = (baseUrl: string, token: string | undefined): Transport => {
  const lost = (call: Call) => (cause: unknown): never => {
    call.signal?.throwIfAborted()
    throw new ConnectionLost(address(baseUrl, call.path, call.query).href, cause)
  }
  const open = async (call: Call): Promise<Response> => {
    const url = address(baseUrl, call.path, call.query)
    const response = await fetch(url, {
      method: call.method ?? "GET",
      headers: {
        ...(call.body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...call.headers
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      ...(call.signal === undefined ? {} : { signal: call.signal })
    }).catch(lost(call))
    if (!response.ok) throw await problemOf(response)
    return response
  }
  const once = async (call: Call): Promise<Answer> => {
    const response = await open(call)
    return { headers: response.headers, text: await response.text().catch(lost(call)) }
  }
  return {
    open,
    send: (call) =>
      once(call).catch(async (trouble: unknown) => {
        if (!call.repeatable || !deserves(trouble)) throw trouble
        await pause(repeatAfterMillis, call.signal)
        return once(call)
      })
  }
}
