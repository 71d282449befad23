import * as Memory from "#services/ports/memory/Memory.ts"
import { alertStoreBehaves } from "../../../behaviour/alertStoreBehaves.ts"

alertStoreBehaves("in memory", Memory.layerMemory)
