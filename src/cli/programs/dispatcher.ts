/** The dispatcher as a program. Several replicas share the work. */
import * as AmqpBroker from "#infra/amqp/AmqpBroker.ts"
import * as OpsServer from "#infra/http/OpsServer.ts"
import * as Prometheus from "#infra/telemetry/Prometheus.ts"
import * as Dispatcher from "#services/dispatcher/Dispatcher.ts"
import * as Health from "#services/Health.ts"
import { Effect, Layer } from "effect"
import { host, opsPort, serverUrl } from "../Settings.ts"
import { version } from "../version.ts"
import { sourceOf } from "./identity.ts"
import * as Truth from "./truth.ts"

const program = "dispatcher"
const defaultPort = 9101

export const layerOver = Dispatcher.layer(sourceOf(program)).pipe(
  Layer.provide(Prometheus.layer({ program, version }))
)

const brokerServer = Layer.unwrap(
  Effect.map(serverUrl("ODTO_AMQP_URL"), (url) => AmqpBroker.layer({ url, name: sourceOf(program) }))
)
const ops = Layer.unwrap(Effect.gen(function*() {
  return OpsServer.layer({ host: yield* host, port: yield* opsPort(defaultPort), portVariable: "ODTO_OPS_PORT" })
})).pipe(
  Layer.provide(
    Health.Health.layer({
      program,
      version,
      dependencies: Effect.all([Health.truth("postgresql"), Health.broker("rabbitmq", true)])
    })
  ),
  Layer.provide(Prometheus.layer({ program, version }))
)

export const layerServer = Layer.merge(layerOver, ops).pipe(
  Layer.provide([Truth.layerServer(sourceOf(program)), brokerServer]),
  Layer.provide(Prometheus.Prometheus.layer)
)
