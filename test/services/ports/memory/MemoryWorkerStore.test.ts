import { layerMemory } from "#services/ports/memory/Memory.ts"
import { TestClock } from "effect/testing"
import { workerStoreBehaves } from "../../../behaviour/workerStoreBehaves.ts"

workerStoreBehaves("in memory", layerMemory, { elapse: TestClock.adjust })
