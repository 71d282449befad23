/** One request and its answer, as the log and the metrics name it. */
import { Context } from "effect"

export interface Exchange {
  /** Echoed as `X-Request-Id`, and the `instance` of problem documents. */
  readonly id: string
  /** Path template of the endpoint, once it is known: a label with few values. */
  route: string
  /** Name of the caller, once it is known. */
  actor: string | undefined
}

/** The exchange that the current fiber works on. */
export const CurrentExchange = Context.Reference<Exchange>("odto/infra/http/CurrentExchange", {
  defaultValue: () => ({ id: "none", route: "unknown", actor: undefined })
})

const processMark = Math.trunc(Math.random() * 36 ** 8).toString(36).padStart(8, "0")
let count = 0
const acceptable = /^[A-Za-z0-9._-]{1,64}$/u

/** The client's own id where it is usable. */
export const exchangeOf = (requestId: string | undefined): Exchange => ({
  id: requestId !== undefined && acceptable.test(requestId) ? requestId : `${processMark}-${(++count).toString(36)}`,
  route: "unmatched",
  actor: undefined
})
