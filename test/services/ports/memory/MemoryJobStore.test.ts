import { layerMemory } from "#services/ports/memory/Memory.ts"
import { TestClock } from "effect/testing"
import { jobStoreBehaves } from "../../../behaviour/jobStoreBehaves.ts"

jobStoreBehaves("in memory", layerMemory, { elapse: TestClock.adjust })
