/**
 * What is refused before anything looks at it.
 *
 * Without tokens the program trusts whoever reaches it over loopback. A browser is such a one, and runs the pages of
 * strangers: their requests are known by a Host that is not ours (a name of theirs that points here) or by an Origin
 * that is not our own. Bodies must be JSON, which no foreign page can send without asking first; and nobody is told that
 * it may ask (no CORS).
 */
import { ForeignHost, ForeignOrigin, type Problem, UnsupportedMediaType } from "#domain/contract/Problems.ts"
import type { Headers } from "effect/http"

const loopbackNames = new Set(["localhost", "127.0.0.1", "[::1]", "::1"])

/** Whether only this machine can reach a program that listens there. */
export const isLoopback = (host: string): boolean => loopbackNames.has(host) || /^127\.\d+\.\d+\.\d+$/u.test(host)

const nameOf = (host: string): string => host.replace(/:\d+$/u, "")

/** `host` in small letters; `allowed`: names beside those of loopback, with a port or for any. */
const isAllowed = (host: string, allowed: ReadonlySet<string>): boolean =>
  loopbackNames.has(nameOf(host)) || allowed.has(host) || allowed.has(nameOf(host))

const originHost = (origin: string): string | undefined => /^https?:\/\/([^/]+)$/u.exec(origin)?.[1]?.toLowerCase()

const isJson = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/json\s*(;\s*charset=("?)utf-8\2\s*)?$/iu.test(contentType)

const hasBody = (headers: Headers.Headers): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0"

export interface GuardOptions {
  /** True: every caller needs a token, and Host and Origin say nothing of interest. */
  readonly requireTokens: boolean
  /** Host names, each with or without a port, under which the program is called beside those of loopback. */
  readonly allowedHosts: ReadonlyArray<string>
}

/** The problem with a request, if there is one. */
export const make = ({ allowedHosts, requireTokens }: GuardOptions) => {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()))
  return (headers: Headers.Headers): Problem | undefined => {
    if (!requireTokens) {
      const host = headers["host"]?.toLowerCase()
      if (host === undefined || !isAllowed(host, allowed)) {
        return new ForeignHost({
          detail: `This program answers for localhost. To call it as ${
            host ?? "nothing"
          }, name it in ODTO_ALLOWED_HOSTS.`
        })
      }
      const origin = headers["origin"]
      const from = origin === undefined ? host : originHost(origin)
      if (from === undefined || (from !== host && !allowed.has(from) && !allowed.has(nameOf(from)))) {
        return new ForeignOrigin({ detail: `Pages from ${origin} may not use this program.` })
      }
    }
    if (hasBody(headers) && !isJson(headers["content-type"])) {
      return new UnsupportedMediaType({ detail: `The body is ${headers["content-type"] ?? "of no stated type"}.` })
    }
    return undefined
  }
}
