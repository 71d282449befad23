import * as MemoryLiveStats from "#services/ports/memory/MemoryLiveStats.ts"
import { liveStatsBehaves } from "../../../behaviour/liveStatsBehaves.ts"

liveStatsBehaves("in memory", MemoryLiveStats.layer)
