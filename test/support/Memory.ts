/**
 * Everything that the services need from the world, in memory and in virtual time: what a test of a service provides.
 *
 * Each build is a world of its own. Faults are ordered through `MemoryFaults` and `BrokerFaults`.
 */
import { makeUuidV7 } from "#domain/Uuid.ts"
import * as AjvPayloadSchemas from "#infra/ajv/AjvPayloadSchemas.ts"
import { Heartbeats } from "#services/ports/Heartbeats.ts"
import { Ids } from "#services/ports/Ids.ts"
import { layerMemory } from "#services/ports/memory/Memory.ts"
import * as MemoryBroker from "#services/ports/memory/MemoryBroker.ts"
import * as MemoryEventArchive from "#services/ports/memory/MemoryEventArchive.ts"
import * as MemoryLiveStats from "#services/ports/memory/MemoryLiveStats.ts"
import { Metrics } from "#services/ports/Metrics.ts"
import { Clock, Effect, Layer } from "effect"
import { createHash } from "node:crypto"

/** The same ids in the same order in every run; their time is the clock of the test. */
export const layerIds: Layer.Layer<Ids> = Layer.effect(
  Ids,
  Clock.clockWith((clock) =>
    Effect.sync(() => {
      let made = 0
      const digest = () => createHash("sha256").update(`random bytes ${++made}`).digest()
      const next = makeUuidV7((bytes) => digest().subarray(0, bytes))
      return Ids.of({
        next: () => next(clock.currentTimeMillisUnsafe()),
        random: () => {
          const hex = digest().toString("hex")
          return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${
            hex.slice(20, 32)
          }`
        },
        sha256: (text) => createHash("sha256").update(text).digest("hex")
      })
    })
  )
)

export const world = Heartbeats.layerInline.pipe(
  Layer.provideMerge(Layer.mergeAll(
    layerMemory,
    MemoryBroker.layer,
    MemoryEventArchive.layer,
    MemoryLiveStats.layer,
    Metrics.layerMemory,
    AjvPayloadSchemas.layer,
    layerIds
  ))
)
