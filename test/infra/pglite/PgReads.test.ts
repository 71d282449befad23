import * as LogEventArchive from "#infra/postgres/LogEventArchive.ts"
import { Layer } from "effect"
import { alertStoreBehaves } from "../../behaviour/alertStoreBehaves.ts"
import { eventLogBehaves } from "../../behaviour/eventLogBehaves.ts"
import { jobOverviewBehaves } from "../../behaviour/jobOverviewBehaves.ts"
import { jobQueriesBehave } from "../../behaviour/jobQueriesBehave.ts"
import { tokenStoreBehaves } from "../../behaviour/tokenStoreBehaves.ts"
import { freshEmbedded } from "../../support/Embedded.ts"
import { logEventArchiveBehaves } from "../postgres/logEventArchiveBehaves.ts"
import { storesOn } from "../postgres/pgStores.ts"

const stores = storesOn(freshEmbedded)

alertStoreBehaves("pglite", stores)
eventLogBehaves("pglite", stores)
jobQueriesBehave("pglite", stores)
jobOverviewBehaves("pglite", stores)
tokenStoreBehaves("pglite", stores)
logEventArchiveBehaves("pglite", Layer.provideMerge(LogEventArchive.layer, stores))
