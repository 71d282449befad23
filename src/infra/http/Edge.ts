/**
 * What happens to every request, whatever its address: it gets a name, is refused if it must be, answered with a problem
 * where nothing else answers, counted, timed and logged.
 */
import { MethodNotAllowed, RouteNotFound } from "#domain/contract/Problems.ts"
import { Metrics } from "#services/ports/Metrics.ts"
import { Cause, Effect, Exit } from "effect"
import { HttpRouter, HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApi, type HttpApiGroup } from "effect/http-api"
import { CurrentExchange, type Exchange, exchangeOf } from "./Exchange.ts"
import * as Guard from "./Guard.ts"
import * as Problems from "./Problems.ts"

/** Answers are about now, and a browser must not guess what they are. */
const commonHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" }

interface KnownPath {
  readonly pattern: RegExp
  readonly methods: Set<string>
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&").replace(/:[A-Za-z]+/gu, "[^/]+")}/?$`, "u")

/** The addresses of an API and the methods that they take, and the pages beside it. */
const pathsOf = <Id extends string, Groups extends HttpApiGroup.Constraint>(
  api: HttpApi.HttpApi<Id, Groups>,
  pages: ReadonlyArray<string>
): ReadonlyArray<KnownPath> => {
  const paths = new Map<string, KnownPath>()
  const add = (path: string, method: string) => {
    const known = paths.get(path) ?? { pattern: patternOf(path), methods: new Set<string>() }
    known.methods.add(method)
    if (method === "GET") known.methods.add("HEAD")
    paths.set(path, known)
  }
  HttpApi.reflect(api, {
    onGroup: () => undefined,
    onEndpoint: ({ endpoint }) => add(endpoint.path, endpoint.method)
  })
  for (const path of pages) add(path, "GET")
  return [...paths.values()]
}

const notFound = (paths: ReadonlyArray<KnownPath>, method: string, url: string) => {
  const path = url.split("?", 1)[0] ?? url
  const methods = paths.flatMap(({ methods, pattern }) => pattern.test(path) ? [...methods] : [])
  return methods.length === 0
    ? new RouteNotFound({ detail: `There is nothing at ${path}.` })
    : new MethodNotAllowed({ detail: `${path} does not take ${method}.`, allow: methods })
}

export interface EdgeOptions extends Guard.GuardOptions {
  /** Addresses that are read beside those of the API. */
  readonly pages: ReadonlyArray<string>
}

export const layer = <Id extends string, Groups extends HttpApiGroup.Constraint>(
  api: HttpApi.HttpApi<Id, Groups>,
  options: EdgeOptions
) =>
  HttpRouter.use(Effect.fn(function*(router) {
    const metrics = yield* Metrics
    const guard = Guard.make(options)
    const paths = pathsOf(api, options.pages)
    let inFlight = 0

    const fallback = (request: HttpServerRequest.HttpServerRequest, cause: Cause.Cause<unknown>) => {
      const error = Cause.squash(cause)
      if (HttpServerError.isHttpServerError(error) && error.reason._tag === "RouteNotFound") {
        return Problems.answer(notFound(paths, request.method, request.url))
      }
      return Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause) : Problems.answer(error, cause)
    }
    const record = (
      exchange: Exchange,
      { method }: HttpServerRequest.HttpServerRequest,
      startedAt: number,
      exit: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>
    ) => {
      metrics.set("odto_http_requests_in_flight", {}, --inFlight)
      const { actor, id, route } = exchange
      const seconds = (performance.now() - startedAt) / 1_000
      // A client that went away before its answer has no status; proxies write 499 for it.
      const status = Exit.isSuccess(exit) ? exit.value.status : 499
      metrics.increment("odto_http_requests_total", { route, method, status: `${Math.trunc(status / 100)}xx` })
      metrics.observe("odto_http_request_duration_seconds", { route, method }, seconds)
      return Effect.logDebug("request", {
        request: id,
        method,
        route,
        status,
        actor,
        millis: Math.round(seconds * 1_000)
      })
    }

    yield* router.addGlobalMiddleware((httpEffect) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
        const exchange = exchangeOf(request.headers["x-request-id"])
        const startedAt = performance.now()
        const refusal = guard(request.headers)
        metrics.set("odto_http_requests_in_flight", {}, ++inFlight)
        return (refusal === undefined ? httpEffect : Problems.answer(refusal)).pipe(
          Effect.catchCause((cause) => fallback(request, cause)),
          Effect.map(HttpServerResponse.setHeaders({ ...commonHeaders, "x-request-id": exchange.id })),
          Effect.onExit((exit) => record(exchange, request, startedAt, exit)),
          Effect.provideService(CurrentExchange, exchange)
        )
      })
    )
  }))
