/** The gateway as a program: needs PostgreSQL and nothing else. */
import * as AjvPayloadSchemas from "#infra/ajv/AjvPayloadSchemas.ts"
import * as NodeIds from "#infra/crypto/NodeIds.ts"
import * as GatewayServer from "#infra/http/GatewayServer.ts"
import * as Prometheus from "#infra/telemetry/Prometheus.ts"
import { Control } from "#services/gateway/Control.ts"
import { Intake } from "#services/gateway/Intake.ts"
import { JobTypes } from "#services/gateway/JobTypes.ts"
import * as Health from "#services/Health.ts"
import { Config, Effect, Layer, Option } from "effect"
import { allowedHosts, gatewayPort, host } from "../Settings.ts"
import { version } from "../version.ts"
import { sourceOf } from "./identity.ts"
import * as Truth from "./truth.ts"

const program = "gateway"

/**
 * Over stores that are given; `truth` is what its health calls the store, `readModelUrl` where jobs can be read, `beside`
 * what its health looks at as well.
 */
export const layerOver = (options: {
  readonly truth: string
  readonly readModelUrl: string | undefined
  readonly beside: ReadonlyArray<Health.Dependency>
}) =>
  Layer.unwrap(
    Effect.gen(function*() {
      return GatewayServer.layer({
        host: yield* host,
        port: yield* gatewayPort,
        portVariable: "ODTO_GATEWAY_PORT",
        allowedHosts: yield* allowedHosts,
        readModelUrl: options.readModelUrl
      })
    })
  ).pipe(
    Layer.provide([
      Intake.layer.pipe(Layer.provide(JobTypes.layer), Layer.provide(AjvPayloadSchemas.layer)),
      Control.layer,
      Health.Health.layer({
        program,
        version,
        dependencies: Effect.map(Health.truth(options.truth), (truth) => [truth, ...options.beside])
      })
    ]),
    Layer.provide(NodeIds.layer),
    Layer.provide(Prometheus.layer({ program, version }))
  )

export const layerServer = Layer.unwrap(
  Effect.map(
    Config.option(Config.String("ODTO_READ_MODEL_URL")),
    (url) =>
      layerOver({ truth: "postgresql", readModelUrl: Option.getOrUndefined(url)?.replace(/\/$/u, ""), beside: [] })
  )
).pipe(
  Layer.provide(Truth.layerServer(sourceOf(program))),
  Layer.provide(Prometheus.Prometheus.layer)
)
