import * as MemoryEventArchive from "#services/ports/memory/MemoryEventArchive.ts"
import { eventArchiveBehaves } from "../../../behaviour/eventArchiveBehaves.ts"

eventArchiveBehaves("in memory", MemoryEventArchive.layer)
