import * as Migrations from "#infra/postgres/Migrations.ts"
import { migrations } from "#infra/postgres/migrations/all.ts"
import * as PgAlertStore from "#infra/postgres/PgAlertStore.ts"
import * as PgEventLog from "#infra/postgres/PgEventLog.ts"
import * as PgJobQueries from "#infra/postgres/PgJobQueries.ts"
import * as PgJobStore from "#infra/postgres/PgJobStore.ts"
import * as PgTokenStore from "#infra/postgres/PgTokenStore.ts"
import * as PgWorkerStore from "#infra/postgres/PgWorkerStore.ts"
import { Layer } from "effect"

const migrated = Layer.effectDiscard(Migrations.migrate(migrations))

const stores = (source: string) =>
  Layer.mergeAll(
    PgAlertStore.layer,
    PgEventLog.layer({ archive: true }),
    PgJobQueries.layer,
    PgJobStore.layer({ source }),
    PgTokenStore.layer,
    PgWorkerStore.layer({ source })
  )

/** All stores over an empty database, which gets the newest schema; the client stays in reach. */
export const storesOn = <A, E, R>(database: Layer.Layer<A, E, R>) =>
  stores("gateway/test").pipe(Layer.provideMerge(migrated), Layer.provideMerge(database))
