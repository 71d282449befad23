/**
 * What every implementation of Broker must do. Implementations call this with a layer whose queues are empty.
 *
 * Whatever happens outside is waited for by what shows it; nothing here waits for a time to pass.
 */
import { Broker } from "#services/ports/Broker.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { hintsBehave } from "./broker/hintsBehave.ts"
import { spineBehaves } from "./broker/spineBehaves.ts"
import { type BrokerTrials, often } from "./broker/Trials.ts"

export const brokerBehaves = <E>(name: string, implementation: Layer.Layer<Broker | BrokerTrials, E>) =>
  layer(implementation, { excludeTestServices: true, timeout: "90 seconds" })(`Broker: ${name}`, (it) => {
    it.effect("says that it is connected", () =>
      Effect.gen(function*() {
        const broker = yield* Broker

        const health = yield* broker.health.pipe(
          Effect.repeat({ until: ({ connected }) => connected, schedule: often })
        )

        assert.deepStrictEqual(health, { connected: true, detail: undefined })
      }))

    hintsBehave(it)
    spineBehaves(it)
  })
