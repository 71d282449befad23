import { workerStoreBehaves } from "../../behaviour/workerStoreBehaves.ts"
import { age } from "../../support/ageing.ts"
import { describeWithServers } from "../../support/Servers.ts"
import * as Stores from "./stores.ts"

describeWithServers(["postgres"], "PgWorkerStore", () => {
  workerStoreBehaves("PostgreSQL", Stores.layer, { elapse: age, excludeTestServices: true })
})
