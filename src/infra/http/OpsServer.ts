/** Health, readiness and metrics for the programs without an API: dispatcher, processor, metrics engine. Asks for no tokens. */
import { OpsApi } from "#domain/contract/OpsApi.ts"
import { Context, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import * as ApiServer from "./ApiServer.ts"
import * as Edge from "./Edge.ts"
import * as Listener from "./Listener.ts"
import * as OpsHandlers from "./OpsHandlers.ts"
import * as Problems from "./Problems.ts"

export class OpsServer extends Context.Service<OpsServer, Listener.Address>()("odto/infra/http/OpsServer") {}

/** Listens as soon as it is built. There is nothing to do here, so any Host and Origin may look. */
export const layer = (options: Listener.ListenOptions) =>
  Layer.effect(OpsServer, Listener.addressOf(options.host ?? Listener.defaultHost)).pipe(
    Layer.provide(ApiServer.traced(HttpRouter.serve(
      Layer.merge(
        HttpApiBuilder.layer(OpsApi),
        Edge.layer(OpsApi, { requireTokens: true, allowedHosts: [], pages: [] })
      ).pipe(
        Layer.provide(OpsHandlers.layerOps),
        Layer.provide(Problems.layer)
      ),
      ApiServer.quiet
    ))),
    Layer.provide(Listener.layer(options))
  )
