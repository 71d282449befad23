import { Signals } from "#services/ports/Signals.ts"
import { signalsBehave } from "../../behaviour/signalsBehave.ts"

signalsBehave("in memory", Signals.layerMemory)
