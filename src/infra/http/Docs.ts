/**
 * The API for people: `/docs`, and `/` leads there.
 *
 * The page is Swagger UI with everything inlined; the browser is told to load nothing else. It is put together on the
 * first visit, because most programs never see one.
 */
import { Effect, Scope } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { type HttpApi, type HttpApiGroup, HttpApiSwagger } from "effect/http-api"

/** Scripts and styles of the page itself, pictures in the page itself, requests to the program itself. */
const policy = [
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join("; ")

export const layer = <Id extends string, Groups extends HttpApiGroup.Constraint>(api: HttpApi.HttpApi<Id, Groups>) =>
  HttpRouter.use(Effect.fn(function*(router) {
    const scope = yield* Effect.scope
    const page = yield* HttpRouter.toHttpEffect(HttpApiSwagger.layer(api, { path: "/docs" })).pipe(
      Scope.provide(scope),
      Effect.cached
    )
    yield* router.add(
      "GET",
      "/docs",
      Effect.flatten(page).pipe(
        Effect.map(HttpServerResponse.setHeader("content-security-policy", policy)),
        Effect.orDie
      )
    )
    yield* router.add("GET", "/", HttpServerResponse.redirect("/docs", { status: 302 }))
  }))
