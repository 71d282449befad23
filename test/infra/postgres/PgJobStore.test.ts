import { jobStoreBehaves } from "../../behaviour/jobStoreBehaves.ts"
import { age } from "../../support/ageing.ts"
import { describeWithServers } from "../../support/Servers.ts"
import * as Stores from "./stores.ts"

describeWithServers(["postgres"], "PgJobStore", () => {
  jobStoreBehaves("PostgreSQL", Stores.layer, { elapse: age, excludeTestServices: true })
})
