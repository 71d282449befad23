/** The write side as a server: `POST /jobs` and the rest of `GatewayApi`, with documents, health and metrics. */
import { GatewayApi } from "#domain/contract/GatewayApi.ts"
import { Context, Layer } from "effect"
import { HttpRouter } from "effect/http"
import * as ApiServer from "./ApiServer.ts"
import * as JobsHandlers from "./JobsHandlers.ts"
import type * as Listener from "./Listener.ts"
import * as OpsHandlers from "./OpsHandlers.ts"
import * as QueuesHandlers from "./QueuesHandlers.ts"
import * as TokensHandlers from "./TokensHandlers.ts"

export class GatewayServer
  extends Context.Service<GatewayServer, Listener.Address>()("odto/infra/http/GatewayServer")
{}

export interface GatewayOptions extends ApiServer.ApiServerOptions, JobsHandlers.JobsOptions {}

/** Listens as soon as it is built. */
export const layer = (options: GatewayOptions) =>
  ApiServer.start(
    GatewayServer,
    options,
    HttpRouter.serve(
      ApiServer.routes(GatewayApi, options).pipe(
        Layer.provide([
          JobsHandlers.layer(options),
          QueuesHandlers.layer,
          TokensHandlers.layer,
          OpsHandlers.layerGateway
        ]),
        Layer.provide(ApiServer.layerGuards(options))
      ),
      ApiServer.quiet
    )
  )
