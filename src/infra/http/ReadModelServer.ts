/** The query side as a server: `ReadModelApi` with documents, health and metrics. Open event streams end when it stops. */
import { ReadModelApi } from "#domain/contract/ReadModelApi.ts"
import { History } from "#services/read-model/History.ts"
import { LiveFeed } from "#services/read-model/LiveFeed.ts"
import { Numbers } from "#services/read-model/Numbers.ts"
import { Timeline } from "#services/read-model/Timeline.ts"
import { TruthViews } from "#services/read-model/TruthViews.ts"
import { Context, Effect, Layer } from "effect"
import { HttpRouter } from "effect/http"
import * as AlertsHandlers from "./AlertsHandlers.ts"
import * as ApiServer from "./ApiServer.ts"
import * as EventsHandlers from "./EventsHandlers.ts"
import * as JobReadsHandlers from "./JobReadsHandlers.ts"
import type * as Listener from "./Listener.ts"
import * as OpsHandlers from "./OpsHandlers.ts"
import * as SystemHandlers from "./SystemHandlers.ts"

export class ReadModelServer
  extends Context.Service<ReadModelServer, Listener.Address>()("odto/infra/http/ReadModelServer")
{}

const handlers = Layer.mergeAll(
  JobReadsHandlers.layer,
  SystemHandlers.layer,
  EventsHandlers.layer,
  AlertsHandlers.layerAlerts,
  AlertsHandlers.layerWebhook,
  OpsHandlers.layerReadModel
)
const views = Layer.mergeAll(Numbers.layer, Timeline.layer, History.layer).pipe(
  Layer.provideMerge(Layer.merge(TruthViews.layer, LiveFeed.layer))
)

/** Built after the server and given up before it: streams would hold up its shutdown. */
const endStreams = Layer.effectDiscard(Effect.flatMap(LiveFeed, ({ end }) => Effect.addFinalizer(() => end)))

/** Listens as soon as it is built. */
export const layer = (options: ApiServer.ApiServerOptions) =>
  endStreams.pipe(
    Layer.provideMerge(ApiServer.start(
      ReadModelServer,
      options,
      HttpRouter.serve(
        ApiServer.routes(ReadModelApi, options).pipe(
          Layer.provide(handlers),
          Layer.provide(ApiServer.layerGuards(options))
        ),
        ApiServer.quiet
      )
    )),
    Layer.provide(views)
  )
