import { layerMemory } from "#services/ports/memory/Memory.ts"
import { tokenStoreBehaves } from "../../../behaviour/tokenStoreBehaves.ts"

tokenStoreBehaves("in memory", layerMemory)
