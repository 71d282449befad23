/** Health, readiness and metrics: the same three for every program. */
import { GatewayApi } from "#domain/contract/GatewayApi.ts"
import { OpsApi, type OpsGroup } from "#domain/contract/OpsApi.ts"
import { ReadModelApi } from "#domain/contract/ReadModelApi.ts"
import { Health } from "#services/Health.ts"
import { Metrics } from "#services/ports/Metrics.ts"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"

const handle = Effect.fn(function*(handlers: HttpApiBuilder.Handlers.FromGroup<typeof OpsGroup>) {
  const health = yield* Health
  const metrics = yield* Metrics
  return handlers.handleAll({
    healthz: () => Effect.succeed({ status: "alive" as const, program: health.program, version: health.version }),
    readyz: () =>
      Effect.map(
        health.readiness,
        (readiness) =>
          readiness.status === "not-ready" ? HttpServerResponse.jsonUnsafe(readiness, { status: 503 }) : readiness
      ),
    // Asked for anew, so that what is said of the dependencies does not hang on somebody's probes.
    metrics: () => Effect.andThen(health.readiness, metrics.render)
  })
})

export const layerGateway = HttpApiBuilder.group(GatewayApi, "ops", handle)
export const layerReadModel = HttpApiBuilder.group(ReadModelApi, "ops", handle)
export const layerOps = HttpApiBuilder.group(OpsApi, "ops", handle)
