import { layerMemory } from "#services/ports/memory/Memory.ts"
import { jobOverviewBehaves } from "../../../behaviour/jobOverviewBehaves.ts"
import { jobQueriesBehave } from "../../../behaviour/jobQueriesBehave.ts"

jobQueriesBehave("in memory", layerMemory)
jobOverviewBehaves("in memory", layerMemory)
