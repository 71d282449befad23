import * as Memory from "#services/ports/memory/Memory.ts"
import { tokenStoreBehaves } from "../../../behaviour/tokenStoreBehaves.ts"

tokenStoreBehaves("in memory", Memory.layerMemory)
