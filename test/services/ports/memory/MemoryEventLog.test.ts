import { layerMemory } from "#services/ports/memory/Memory.ts"
import { eventLogBehaves } from "../../../behaviour/eventLogBehaves.ts"

eventLogBehaves("in memory", layerMemory)
