/** Traces leave the process only when a collector is configured: OTEL_EXPORTER_OTLP_ENDPOINT, OTLP over HTTP with JSON. */
import { Config, Effect, Layer, Option } from "effect"
import { FetchHttpClient } from "effect/http"
import { OtlpSerialization, OtlpTracer } from "effect/observability"

/** How long a stopping program may take to send what it still holds. */
const shutdownTimeout = "3 seconds"

export const layerConfig = (program: string, version: string) =>
  Layer.unwrap(
    Effect.gen(function*() {
      const endpoint = yield* Config.option(Config.String("OTEL_EXPORTER_OTLP_ENDPOINT"))
      if (Option.isNone(endpoint) || endpoint.value === "") return Layer.empty
      return OtlpTracer.layer({
        url: `${endpoint.value.replace(/\/$/, "")}/v1/traces`,
        resource: { serviceName: `odto-${program}`, serviceVersion: version },
        shutdownTimeout
      }).pipe(Layer.provide([OtlpSerialization.layerJson, FetchHttpClient.layer]))
    })
  )
