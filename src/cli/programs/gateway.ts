/** The gateway as a program: needs PostgreSQL and nothing else. */
import { Effect, Layer } from "effect"
import * as AjvPayloadSchemas from "#infra/ajv/AjvPayloadSchemas.ts"
import * as NodeIds from "#infra/crypto/NodeIds.ts"
import * as GatewayServer from "#infra/http/GatewayServer.ts"
import * as Prometheus from "#infra/telemetry/Prometheus.ts"
import { Control } from "#services/gateway/Control.ts"
import { Intake } from "#services/gateway/Intake.ts"
import { JobTypes } from "#services/gateway/JobTypes.ts"
import * as Health from "#services/Health.ts"
import { allowedHosts, gatewayPort, host } from "../Settings.ts"
import { version } from "../version.ts"
import { sourceOf } from "./identity.ts"
import * as Truth from "./truth.ts"

const program = "gateway"

/** Over stores that are given; `truthName` is what its health calls the store. */
export const layerOver = (truthName: string) =>
  Layer.unwrap(
    Effect.gen(function*() {
      return GatewayServer.layer({
        host: yield* host,
        port: yield* gatewayPort,
        portVariable: "ODTO_GATEWAY_PORT",
        allowedHosts: yield* allowedHosts
      })
    })
  ).pipe(
    Layer.provide([
      Intake.layer.pipe(Layer.provide(JobTypes.layer), Layer.provide(AjvPayloadSchemas.layer)),
      Control.layer,
      Health.Health.layer({ program, version, dependencies: Effect.all([Health.truth(truthName)]) })
    ]),
    Layer.provide(NodeIds.layer),
    Layer.provide(Prometheus.layer({ program, version }))
  )

export const layerServer = layerOver("postgresql").pipe(
  Layer.provide(Truth.layerServer(sourceOf(program))),
  Layer.provide(Prometheus.Prometheus.layer)
)
