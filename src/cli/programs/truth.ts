/** The store of truth: every port of it, over whatever SQL client is given. */
import { migrate } from "#infra/postgres/Migrations.ts"
import { migrations } from "#infra/postgres/migrations/all.ts"
import * as PgAlertStore from "#infra/postgres/PgAlertStore.ts"
import * as PgEventLog from "#infra/postgres/PgEventLog.ts"
import * as PgJobQueries from "#infra/postgres/PgJobQueries.ts"
import * as PgJobStore from "#infra/postgres/PgJobStore.ts"
import * as PgSignals from "#infra/postgres/PgSignals.ts"
import * as PgTokenStore from "#infra/postgres/PgTokenStore.ts"
import * as PgWorkerStore from "#infra/postgres/PgWorkerStore.ts"
import * as Postgres from "#infra/postgres/Postgres.ts"
import { Effect, Layer } from "effect"
import { serverUrl } from "../Settings.ts"

/** Migrated before anything reads. `archive`: the event log is the archive as well and is indexed as one. */
export const layerOver = (options: { readonly source: string; readonly archive: boolean }) =>
  Layer.mergeAll(
    PgJobStore.layer({ source: options.source }),
    PgWorkerStore.layer({ source: options.source }),
    PgEventLog.layer({ archive: options.archive }),
    PgJobQueries.layer,
    PgTokenStore.layer,
    PgAlertStore.layer
  ).pipe(Layer.provide(Layer.effectDiscard(migrate(migrations))))

/** On the PostgreSQL of ODTO_DATABASE_URL. */
export const layerServer = (source: string) =>
  Layer.unwrap(Effect.map(serverUrl("ODTO_DATABASE_URL"), (url) =>
    Layer.merge(
      layerOver({ source, archive: false }).pipe(Layer.provide(Postgres.layer({ url, applicationName: source }))),
      PgSignals.layer({ url, applicationName: source })
    )))
