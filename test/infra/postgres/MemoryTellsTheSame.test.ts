import * as PgEventLog from "#infra/postgres/PgEventLog.ts"
import * as PgJobQueries from "#infra/postgres/PgJobQueries.ts"
import * as PgJobStore from "#infra/postgres/PgJobStore.ts"
import * as PgWorkerStore from "#infra/postgres/PgWorkerStore.ts"
import { layerMemory } from "#services/ports/memory/Memory.ts"
import { Effect, Layer } from "effect"
import { booksBalance } from "../../behaviour/booksBalance.ts"
import { tellsTheSameStory } from "../../behaviour/sameStory.ts"
import { describeWithServers } from "../../support/Servers.ts"
import * as MigratedDatabase from "./migratedDatabase.ts"

/** As many as fit into some seconds. */
const runs = 25

const stores = Layer.mergeAll(
  PgJobStore.layer({ source: "memory/1" }),
  PgWorkerStore.layer({ source: "memory/1" }),
  PgEventLog.layer(),
  PgJobQueries.layer
).pipe(Layer.provideMerge(MigratedDatabase.layer))

describeWithServers(["postgres"], "PostgreSQL", () => {
  booksBalance("in PostgreSQL", stores, {
    elapse: Effect.sleep,
    now: Effect.sync(() => Date.now()),
    runs,
    excludeTestServices: true
  })
  tellsTheSameStory("PostgreSQL and memory", layerMemory, stores, { runs })
})
