import { JobId } from "#domain/Job.ts"
import * as Tracing from "#infra/telemetry/Tracing.ts"
import * as Dispatcher from "#services/dispatcher/Dispatcher.ts"
import * as MetricsEngine from "#services/metrics-engine/MetricsEngine.ts"
import { Broker, type Hint } from "#services/ports/Broker.ts"
import { EventArchive } from "#services/ports/EventArchive.ts"
import { Heartbeats } from "#services/ports/Heartbeats.ts"
import { Worker } from "#services/processor/Worker.ts"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { completed, typeOf, workerOptions } from "../../services/Given.ts"
import { collector } from "../../support/Collector.ts"
import { until } from "../../support/until.ts"
import { call } from "../http/call.ts"
import * as Programs from "../http/Programs.ts"

const tracing = (endpoint: string | undefined) =>
  Tracing.layerConfig("embedded", "1.2.3").pipe(
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(
      endpoint === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }
    )))
  )

/** The whole way over the stores in memory, with what passes by the broker and reaches the handler. */
const system = () => {
  const hints: Array<Hint> = []
  const handed: Array<string | undefined> = []
  const type = typeOf("demo.noop", (_, { traceparent }) => {
    handed.push(traceparent)
    return Promise.resolve(completed)
  })
  const watched = Layer.effect(
    Broker,
    Effect.map(Broker, (broker) =>
      Broker.of({
        ...broker,
        sendHints: (sent) => {
          hints.push(...sent)
          return broker.sendHints(sent)
        }
      }))
  )
  const running = Layer.mergeAll(
    Dispatcher.layer("dispatcher/test-1"),
    Worker.layer(workerOptions([type])),
    MetricsEngine.layer()
  ).pipe(Layer.provide(Heartbeats.layerInline), Layer.provide(watched))
  return { hints, handed, layer: running.pipe(Layer.provideMerge(Programs.layer())) }
}

const traceId = "0af7651916cd43dd8448eb211c80319c"
const submitted = Effect.fnUntraced(function*(traceparent?: string) {
  const { gateway } = yield* Programs.Urls
  const { json } = yield* call(`${gateway}/jobs`, {
    body: { type: "demo.noop" },
    ...(traceparent === undefined ? {} : { headers: { traceparent } })
  })
  const archive = yield* EventArchive
  return yield* until(
    archive.ofJob(JobId.make(String(json["jobId"]))),
    (events) => events.some(({ event }) => event.type === "completed")
  )
})

describe("Traces", () => {
  it.live("lead from the request through log, hint and handler to the archive, and to the collector", () =>
    Effect.gen(function*() {
      const sink = yield* collector
      const { handed, hints, layer } = system()
      const events = yield* submitted(`00-${traceId}-b7ad6b7169203331-01`).pipe(
        Effect.provide(Layer.provideMerge(layer, tracing(`${sink.origin}/`)))
      )
      const spans = sink.spans()
      const named = (name: string) => spans.find((span) => span.name === name)
      const request = spans.find(({ parentSpanId }) => parentSpanId === "b7ad6b7169203331")
      const job = named("job demo.noop")

      // One trace all the way, carried by the log's events and by the hint.
      const carried = events.map(({ event }) => event.traceparent)
      assert.isTrue(carried.every((one) => one?.startsWith(`00-${traceId}-`)))
      assert.strictEqual(new Set(carried).size, 1)
      assert.deepStrictEqual(hints.map(({ traceparent }) => traceparent), [carried[0]])
      assert.strictEqual(request?.traceId, traceId)
      // The handler's span goes on from the submission, and the handler from its span.
      assert.strictEqual(job?.traceId, traceId)
      assert.strictEqual(job?.parentSpanId, carried[0]?.split("-")[2])
      assert.strictEqual(job?.parentSpanId, request?.spanId)
      assert.deepStrictEqual(handed, [`00-${traceId}-${job?.spanId}-01`])
      // Hints and events travel in batches: the spans of sending and storing tell the traces in them.
      for (const batch of ["Dispatch.send", "EventRelay.send", "Archiver.store"]) {
        assert.isTrue(
          spans.some(({ links, name }) => name === batch && links?.some((link) => link.traceId === traceId)),
          batch
        )
      }
      assert.isTrue(sink.asked.every(({ url }) => url === "/v1/traces"))
      assert.include(sink.asked[0]?.body, "odto-embedded")
    }))

  it.live("go nowhere when no collector is configured, and lead from the request to the handler all the same", () =>
    Effect.gen(function*() {
      const sink = yield* collector
      const { handed, layer } = system()
      yield* submitted(`00-${traceId}-b7ad6b7169203331-01`).pipe(
        Effect.provide(Layer.provideMerge(layer, tracing(undefined)))
      )

      assert.lengthOf(sink.asked, 0)
      assert.include(handed[0], traceId)
    }))

  it.live("begin anew when what came with the request is invalid", () =>
    Effect.gen(function*() {
      const sink = yield* collector
      const { layer } = system()
      const invalid = [`00-${"0".repeat(32)}-b7ad6b7169203331-01`, "ff-1-2-3", `00-${traceId}-b7ad6b7169203331-01-x`]
      const traces = yield* Effect.forEach(
        invalid,
        (traceparent) => Effect.map(submitted(traceparent), ([created]) => created?.event.traceparent ?? "none")
      ).pipe(Effect.provide(Layer.provideMerge(layer, tracing(sink.origin))))

      for (const one of traces) assert.match(one, /^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/u)
      assert.strictEqual(new Set(traces).size, invalid.length)
      assert.notInclude(sink.spans().map((span) => span.traceId), traceId)
    }))

  it.live("harm nothing when the collector is away", () =>
    Effect.gen(function*() {
      const { layer } = system()
      const events = yield* submitted(`00-${traceId}-b7ad6b7169203331-01`).pipe(
        Effect.provide(Layer.provideMerge(layer, tracing("http://127.0.0.1:1")))
      )
      assert.strictEqual(events.at(-1)?.event.type, "completed")
    }))
})
