import { JobTypeName, QueueName } from "#domain/Job.ts"
import { Broker, type Hint } from "#services/ports/Broker.ts"
import * as MemoryBroker from "#services/ports/memory/MemoryBroker.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { BrokerTrials } from "../../../behaviour/broker/Trials.ts"
import { brokerBehaves } from "../../../behaviour/brokerBehaves.ts"
import { freshJobId } from "../../../support/LogRows.ts"

const trials = Layer.effect(
  BrokerTrials,
  Effect.map(
    MemoryBroker.BrokerFaults,
    ({ deleteQueues, dropConnections, garble }) => BrokerTrials.of({ deleteQueues, dropConnections, garble })
  )
)

brokerBehaves("in memory", Layer.provideMerge(trials, MemoryBroker.layerWith({ archiveEvents: 40 })))

const target = { queue: QueueName.make("default"), type: JobTypeName.make("demo.noop") }
const hint = (): Hint => ({ ...target, jobs: [{ jobId: freshJobId(), dispatchCount: 1 }], traceparent: undefined })

describe("MemoryBroker", () => {
  it.effect("is away during an outage and has kept what waited", () =>
    Effect.gen(function*() {
      const broker = yield* Broker
      const faults = yield* MemoryBroker.BrokerFaults
      const waiting = hint()
      yield* broker.sendHints([waiting])

      yield* faults.outage
      const refusals = yield* Effect.all([
        Effect.flip(broker.sendHints([hint()])),
        Effect.flip(broker.sendLog([])),
        Effect.flip(broker.ready(target.queue, target.type))
      ])
      const away = yield* broker.health
      const delivery = yield* broker.hints({ ...target, prefetch: 1 }).pipe(
        Stream.runHead,
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("1 second")
      const early = delivery.pollUnsafe()
      yield* faults.restore

      assert.deepStrictEqual(refusals.map(({ reason }) => reason), ["unavailable", "unavailable", "unavailable"])
      assert.isFalse(away.connected)
      assert.isUndefined(early)
      const arrived = yield* Fiber.join(delivery)
      assert.deepStrictEqual(arrived._tag === "Some" ? arrived.value.hint : undefined, waiting)
      assert.isTrue((yield* broker.health).connected)
    }).pipe(Effect.provide(MemoryBroker.layer)))
})
