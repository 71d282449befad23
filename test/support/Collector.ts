/** A collector of traces: takes OTLP over HTTP and keeps the spans. */
import { Effect, Schema } from "effect"
import { localServer } from "../infra/jobs/LocalServer.ts"

const Export = Schema.fromJsonString(Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({
    resource: Schema.Struct({
      attributes: Schema.Array(Schema.Struct({ key: Schema.String, value: Schema.Unknown }))
    }),
    scopeSpans: Schema.Array(Schema.Struct({
      spans: Schema.Array(Schema.Struct({
        traceId: Schema.String,
        spanId: Schema.String,
        parentSpanId: Schema.optionalKey(Schema.String),
        name: Schema.String,
        kind: Schema.optionalKey(Schema.Unknown),
        links: Schema.optionalKey(Schema.Array(Schema.Struct({ traceId: Schema.String, spanId: Schema.String })))
      }))
    }))
  }))
}))

export interface CollectedSpan {
  readonly service: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly links?: ReadonlyArray<{ readonly traceId: string; readonly spanId: string }>
}

const ServiceName = Schema.Struct({ stringValue: Schema.String })

/** `origin`: what OTEL_EXPORTER_OTLP_ENDPOINT is set to. */
export const collector = Effect.map(localServer((response) => response.end("{}")), ({ asked, origin }) => ({
  origin,
  asked,
  spans: (): ReadonlyArray<CollectedSpan> =>
    asked.flatMap(({ body }) =>
      Schema.decodeUnknownSync(Export)(body).resourceSpans.flatMap(({ resource, scopeSpans }) => {
        const name = resource.attributes.find(({ key }) => key === "service.name")?.value
        const service = Schema.is(ServiceName)(name) ? name.stringValue : "unknown"
        return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, service })))
      })
    )
}))
