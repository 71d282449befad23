/**
 * All stores in memory over one database: what services are tested on, with virtual time.
 *
 * One layer value is one database. Programs that are to share it take `layerOf` with their own names over one
 * `layerDatabase`.
 */
import { Layer } from "effect"
import type { AlertStore } from "../AlertStore.ts"
import type { EventLog } from "../EventLog.ts"
import type { JobQueries } from "../JobQueries.ts"
import type { JobStore } from "../JobStore.ts"
import { Signals } from "../Signals.ts"
import type { TokenStore } from "../TokenStore.ts"
import type { WorkerStore } from "../WorkerStore.ts"
import * as MemoryAlertStore from "./MemoryAlertStore.ts"
import { MemoryDatabase } from "./MemoryDatabase.ts"
import * as MemoryEventLog from "./MemoryEventLog.ts"
import { MemoryFaults } from "./MemoryFaults.ts"
import * as MemoryJobQueries from "./MemoryJobQueries.ts"
import * as MemoryJobStore from "./MemoryJobStore.ts"
import * as MemoryTokenStore from "./MemoryTokenStore.ts"
import * as MemoryWorkerStore from "./MemoryWorkerStore.ts"

export type Stores = JobStore | WorkerStore | EventLog | JobQueries | TokenStore | AlertStore

/** A database, with the faults that can be ordered for it. */
export const layerDatabase: Layer.Layer<MemoryDatabase | MemoryFaults> = Layer.provideMerge(
  MemoryDatabase.layer,
  MemoryFaults.layer
)

/** The stores as the program instance `source` uses them: the event log names it as the writer. */
export const layerOf = (source: string): Layer.Layer<Stores, never, MemoryDatabase> =>
  Layer.mergeAll(
    MemoryJobStore.layer({ source }),
    MemoryWorkerStore.layer({ source }),
    MemoryEventLog.layer,
    MemoryJobQueries.layer,
    MemoryTokenStore.layer({ source }),
    MemoryAlertStore.layer
  )

/** All stores and signals over one fresh database; the faults and the tables are there for tests to use. */
export const layerMemory: Layer.Layer<Stores | Signals | MemoryDatabase | MemoryFaults> = Layer.mergeAll(
  layerOf("memory/1"),
  Signals.layerMemory
).pipe(Layer.provideMerge(layerDatabase))
