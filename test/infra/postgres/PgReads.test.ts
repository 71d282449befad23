import { eventLogBehaves } from "../../behaviour/eventLogBehaves.ts"
import { jobOverviewBehaves } from "../../behaviour/jobOverviewBehaves.ts"
import { jobQueriesBehave } from "../../behaviour/jobQueriesBehave.ts"
import { describeWithServers } from "../../support/Servers.ts"
import * as MigratedDatabase from "./migratedDatabase.ts"
import { storesOn } from "./pgStores.ts"

describeWithServers(["postgres"], "what PostgreSQL answers", () => {
  eventLogBehaves("postgres", storesOn(MigratedDatabase.layer))
  jobQueriesBehave("postgres", storesOn(MigratedDatabase.layer))
  jobOverviewBehaves("postgres", storesOn(MigratedDatabase.layer))
})
