import { layerMemory } from "#services/ports/memory/Memory.ts"
import { Clock } from "effect"
import { TestClock } from "effect/testing"
import { booksBalance } from "../../../behaviour/booksBalance.ts"

booksBalance("in memory", layerMemory, { elapse: TestClock.adjust, now: Clock.currentTimeMillis })
