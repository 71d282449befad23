/** What the servers of the two APIs have in common: their options, and how one is put together and taken apart. */
import { TokenStore } from "#services/ports/TokenStore.ts"
import { Context, Effect, Layer, type Redacted, Schema, type Scope, Tracer } from "effect"
import { HttpMiddleware } from "effect/http"
import { type HttpApi, HttpApiBuilder, type HttpApiGroup } from "effect/http-api"
import * as Callers from "./Callers.ts"
import * as Docs from "./Docs.ts"
import * as Edge from "./Edge.ts"
import { isLoopback } from "./Guard.ts"
import * as Listener from "./Listener.ts"
import * as Problems from "./Problems.ts"

export interface ApiServerOptions extends Listener.ListenOptions {
  /** Default: whether others than this machine can reach the host. */
  readonly requireTokens?: boolean | undefined
  /** Host names, each with or without a port, that are ours beside those of loopback. Default: none. */
  readonly allowedHosts?: ReadonlyArray<string> | undefined
  /** Requests per second of one caller. Default: 20,000. */
  readonly requestsPerSecond?: number | undefined
  /** A token of Alertmanager's own, good for the alert webhook only. */
  readonly webhookToken?: Redacted.Redacted | undefined
}

/** Beyond loopback every caller needs a token, and there is none: nobody could use the program. */
export class NoTokenYet extends Schema.TaggedError<NoTokenYet>()("NoTokenYet", { host: Schema.String }) {
  override get message() {
    return `listening on ${this.host} needs a token, and there is none; make one with: odd-dashboard token create admin --role admin`
  }
}

const hostOf = ({ host = Listener.defaultHost }: ApiServerOptions): string => host
const needsTokens = (options: ApiServerOptions): boolean => options.requireTokens ?? !isLoopback(hostOf(options))

/** The addresses of an API and of its documents. */
export const routes = <Id extends string, Groups extends HttpApiGroup.Constraint>(
  api: HttpApi.HttpApi<Id, Groups>,
  options: ApiServerOptions
) =>
  Layer.mergeAll(
    HttpApiBuilder.layer(api, { openapiPath: "/openapi.json" }),
    Docs.layer(api),
    Edge.layer(api, {
      requireTokens: needsTokens(options),
      allowedHosts: options.allowedHosts ?? [],
      pages: ["/", "/docs", "/openapi.json"]
    })
  )

/** Who may call, and what the refused are told. */
export const layerGuards = (options: ApiServerOptions) =>
  Layer.merge(Callers.layer({ ...options, requireTokens: needsTokens(options) }), Problems.layer)

/** The program logs requests and its address itself. */
export const quiet = { disableLogger: true, disableListenLog: true } as const

/** Probes would be most of all traces, and a stream has no end to wait for. */
const untraced = /^\/(healthz|readyz|metrics|stream)\b/u

const withoutSpan = <R>({ mapUnsafe }: Context.Context<R>): Context.Context<R> =>
  Context.makeUnsafe<R>(new Map([...mapUnsafe].filter(([key]) => key !== Tracer.ParentSpanKey)))

/** Every request begins a trace or goes on with the client's; the span in which the program was started is none of theirs. */
export const traced = <A, E, R>(served: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  Layer.effectContext(
    Effect.flatMap(Effect.scope, (scope) => Layer.buildWithScope(served, scope)).pipe(
      Effect.updateContext(withoutSpan<R | Scope.Scope>)
    )
  ).pipe(Layer.provide(Layer.succeed(HttpMiddleware.TracerDisabledWhen, ({ url }) => untraced.test(url))))

/** Fails unless somebody holds a token: without one, nobody could use a program that asks for it. */
export const tokenExists = Effect.fnUntraced(function*(host: string) {
  const tokens = yield* TokenStore
  const list = yield* tokens.list
  if (list.every(({ revokedAt }) => revokedAt !== null)) return yield* new NoTokenYet({ host })
})

/**
 * Listens and serves; answers where, under the tag. Does not listen when nobody could use it.
 *
 * What `served` builds stays inside: with the router of one server in reach, the next one would take it for its own.
 * `served` is given up first, with time for what is being answered, then the port.
 */
export const start = <Self, A, E, R>(
  tag: Context.Key<Self, Listener.Address>,
  options: ApiServerOptions,
  served: Layer.Layer<A, E, R>
) => {
  const host = hostOf(options)
  const listening = Layer.effect(tag, Listener.addressOf(host)).pipe(
    Layer.provide(traced(served)),
    Layer.provide(Listener.layer(options))
  )
  return Layer.unwrap(Effect.as(needsTokens(options) ? tokenExists(host) : Effect.void, listening))
}
