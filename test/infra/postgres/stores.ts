/** All stores over one database, as a program builds them. */
import * as PgEventLog from "#infra/postgres/PgEventLog.ts"
import * as PgJobQueries from "#infra/postgres/PgJobQueries.ts"
import * as PgJobStore from "#infra/postgres/PgJobStore.ts"
import * as PgWorkerStore from "#infra/postgres/PgWorkerStore.ts"
import { Layer } from "effect"
import * as MigratedDatabase from "./migratedDatabase.ts"

/** Over a client. */
export const over = Layer.mergeAll(
  PgJobStore.layer({ source: "test/1" }),
  PgWorkerStore.layer({ source: "test/1" }),
  PgEventLog.layer(),
  PgJobQueries.layer
)

/** On a fresh database of a real server. */
export const layer = Layer.provideMerge(over, MigratedDatabase.layer)
