import { JobId } from "#domain/Job.ts"
import * as TraceContext from "#domain/TraceContext.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Tracer } from "effect"
import { call } from "./call.ts"
import { submit } from "./given.ts"
import * as Programs from "./Programs.ts"

/** Keeps the server spans, as a collector would get them. */
const tracing = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      if (options.kind === "server") spans.push(span)
      return span
    }
  })
  return { spans, layer: Programs.layer().pipe(Layer.provideMerge(Layer.succeed(Tracer.Tracer, tracer))) }
}
const traceOf = (jobId: string) =>
  Effect.gen(function*() {
    const queries = yield* JobQueries
    const job = yield* Effect.flatMap(queries.get(JobId.make(jobId)), Effect.fromOption)
    return TraceContext.parse(job.traceparent ?? undefined)?.traceId
  })

describe("Traces", () => {
  it.live("begin with the request when the client brings none, and go on in the job", () => {
    const { layer, spans } = tracing()
    return Effect.gen(function*() {
      const jobId = yield* submit()

      assert.lengthOf(spans, 1)
      assert.isTrue(Option.isNone(spans[0]?.parent ?? Option.none()), "not a part of the start of the program")
      assert.strictEqual(yield* traceOf(jobId), spans[0]?.traceId)
    }).pipe(Effect.provide(layer), Effect.withSpan("start"))
  })

  it.live("of a client go on in the request and in the job", () => {
    const { layer, spans } = tracing()
    return Effect.gen(function*() {
      const { gateway } = yield* Programs.Urls
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      const { json } = yield* call(`${gateway}/jobs`, { body: { type: "demo.noop" }, headers: { traceparent } })

      assert.strictEqual(spans[0]?.traceId, "0af7651916cd43dd8448eb211c80319c")
      assert.strictEqual(yield* traceOf(String(json["jobId"])), "0af7651916cd43dd8448eb211c80319c")
    }).pipe(Effect.provide(layer))
  })

  it.live("are not begun for probes and streams", () => {
    const { layer, spans } = tracing()
    return Effect.gen(function*() {
      const { gateway } = yield* Programs.Urls
      yield* Effect.forEach(["/healthz", "/readyz", "/metrics"], (path) => call(gateway + path))

      assert.deepStrictEqual(spans, [])
    }).pipe(Effect.provide(layer))
  })

  it.live("do not take the span in which the program was started for one of a request", () =>
    Effect.gen(function*() {
      const jobId = yield* submit()

      assert.isUndefined(yield* traceOf(jobId))
    }).pipe(Effect.provide(Programs.layer()), Effect.withSpan("start")))
})
