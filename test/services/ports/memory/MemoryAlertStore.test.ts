import { layerMemory } from "#services/ports/memory/Memory.ts"
import { alertStoreBehaves } from "../../../behaviour/alertStoreBehaves.ts"

alertStoreBehaves("in memory", layerMemory)
