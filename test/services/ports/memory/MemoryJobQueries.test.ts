import * as Memory from "#services/ports/memory/Memory.ts"
import { jobOverviewBehaves } from "../../../behaviour/jobOverviewBehaves.ts"
import { jobQueriesBehave } from "../../../behaviour/jobQueriesBehave.ts"

jobQueriesBehave("in memory", Memory.layerMemory)
jobOverviewBehaves("in memory", Memory.layerMemory)
