import * as LogEventArchive from "#infra/postgres/LogEventArchive.ts"
import { Layer } from "effect"
import { describeWithServers } from "../../support/Servers.ts"
import { logEventArchiveBehaves } from "./logEventArchiveBehaves.ts"
import * as MigratedDatabase from "./migratedDatabase.ts"
import { storesOn } from "./pgStores.ts"

describeWithServers(["postgres"], "LogEventArchive", () => {
  logEventArchiveBehaves("postgres", Layer.provideMerge(LogEventArchive.layer, storesOn(MigratedDatabase.layer)))
})
