/**
 * All programs in one process: PGlite in the data folder, a broker and live numbers in memory, the event log as archive.
 *
 * Durable against the end of the process in any way. What was running when it ended runs again: at the start no worker
 * can be alive and no hint can be on its way.
 */
import type { JobType } from "#domain/JobType.ts"
import * as NodeIds from "#infra/crypto/NodeIds.ts"
import { GatewayServer } from "#infra/http/GatewayServer.ts"
import { ReadModelServer } from "#infra/http/ReadModelServer.ts"
import { DataFolder } from "#infra/pglite/DataFolder.ts"
import * as Pglite from "#infra/pglite/Pglite.ts"
import * as LogEventArchive from "#infra/postgres/LogEventArchive.ts"
import * as Prometheus from "#infra/telemetry/Prometheus.ts"
import { Heartbeats } from "#services/ports/Heartbeats.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import * as MemoryBroker from "#services/ports/memory/MemoryBroker.ts"
import * as MemoryLiveStats from "#services/ports/memory/MemoryLiveStats.ts"
import { Signals } from "#services/ports/Signals.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { handlersOf } from "#services/processor/HandlerHealth.ts"
import { Worker } from "#services/processor/Worker.ts"
import { Effect, Layer } from "effect"
import * as Dispatcher from "./dispatcher.ts"
import * as Gateway from "./gateway.ts"
import { sourceOf } from "./identity.ts"
import * as MetricsEngine from "./metricsEngine.ts"
import * as Processor from "./processor.ts"
import * as ReadModel from "./readModel.ts"
import * as Truth from "./truth.ts"

/** What screens call the store of truth. */
const truthName = "pglite"

/** Jobs taken back by one statement. */
const reapLimit = 1_000

/** Ends what the process before left behind. */
const recovery = Layer.effectDiscard(Effect.gen(function*() {
  const workers = yield* WorkerStore
  const store = yield* JobStore
  let takenBack = 0
  while (true) {
    const { cancelled, dead, retrying } = yield* workers.reap({ everyone: true, limit: reapLimit })
    takenBack += retrying + dead + cancelled
    if (retrying + dead + cancelled < reapLimit) break
  }
  const recalled = yield* store.recall("all")
  if (takenBack + recalled > 0) {
    yield* Effect.logInfo(
      `${takenBack} jobs ran and ${recalled} were handed out when the last process ended: they go on`
    )
  }
}))

const stores = (folder: string) => {
  const truth = Truth.layerOver({ source: sourceOf("embedded"), archive: true }).pipe(
    Layer.provideMerge(Pglite.layer()),
    Layer.provideMerge(DataFolder.layer(folder))
  )
  return Layer.mergeAll(recovery, LogEventArchive.layer, Heartbeats.layerInline).pipe(
    Layer.provideMerge(Layer.mergeAll(
      truth,
      Signals.layerMemory,
      MemoryBroker.layer,
      MemoryLiveStats.layer,
      NodeIds.layer,
      Prometheus.Prometheus.layer
    ))
  )
}

/** Says where an accepted job can be read. Its health is that of the process, workers included. */
const gateway = Layer.unwrap(Effect.gen(function*() {
  const { url } = yield* ReadModelServer
  return Gateway.layerOver({ truth: truthName, readModelUrl: url, beside: [handlersOf(yield* Worker)] })
}))

/** Tells other processes where this system can be reached. */
const published = Layer.effectDiscard(Effect.gen(function*() {
  const folder = yield* DataFolder
  const gateway = yield* GatewayServer
  const readModel = yield* ReadModelServer
  yield* folder.publish({ gatewayUrl: gateway.url, readModelUrl: readModel.url })
}))

/**
 * The gateway comes last, when workers have registered their types, and goes first. The read model outlives the drain of
 * the workers, so that it can be watched.
 */
export const layer = (options: { readonly folder: string; readonly types: ReadonlyArray<JobType> }) =>
  published.pipe(
    Layer.provideMerge(gateway),
    Layer.provideMerge(Processor.layerOver(options.types)),
    Layer.provideMerge(Layer.mergeAll(Dispatcher.layerOver, MetricsEngine.layerEmbedded)),
    Layer.provideMerge(
      ReadModel.layerOver({ truth: truthName, broker: "in-process" })
    ),
    Layer.provideMerge(stores(options.folder))
  )
