import * as MemoryBroker from "#services/ports/memory/MemoryBroker.ts"
import { Effect, Layer } from "effect"
import { brokerBehaves, BrokerTrials } from "../../../behaviour/brokerBehaves.ts"

const trials = Layer.effect(
  BrokerTrials,
  Effect.map(
    MemoryBroker.BrokerFaults,
    ({ deleteQueues, dropConnections, garble }) => BrokerTrials.of({ deleteQueues, dropConnections, garble })
  )
)

brokerBehaves("in memory", Layer.provideMerge(trials, MemoryBroker.layerWith({ archiveEvents: 40 })))
