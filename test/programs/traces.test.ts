/** One job's trace through five processes and four real servers, as a collector gets it. */
import { programs } from "#cli/programs/identity.ts"
import { eventsExchange, liveKey } from "#infra/amqp/topology.ts"
import { assert, it } from "@effect/vitest"
import { connect } from "amqplib"
import { Effect } from "effect"
import { archiveOf } from "../support/Books.ts"
import { collector } from "../support/Collector.ts"
import { eventually, getJson, postJson } from "../support/Programs.ts"
import { describeWithServers, freshDatabase, freshMongoDatabase, freshRedis, freshVhost } from "../support/Servers.ts"
import { serve, settingsOf, untilReady } from "../support/System.ts"

const traceId = "0af7651916cd43dd8448eb211c80319c"
const clientSpan = "b7ad6b7169203331"

/** What the broker carries to readers of events, as long as the scope is open. */
const tap = (url: string) =>
  Effect.gen(function*() {
    const heard: Array<string> = []
    const connection = yield* Effect.acquireRelease(
      Effect.promise(() => connect(url)),
      (open) => Effect.promise(() => open.close())
    )
    const channel = yield* Effect.promise(() => connection.createChannel())
    yield* Effect.promise(async () => {
      const { queue } = await channel.assertQueue("", { exclusive: true })
      await channel.bindQueue(queue, eventsExchange, liveKey)
      await channel.consume(queue, (message) => {
        if (message !== null) heard.push(message.content.toString("utf8"))
      }, { noAck: true })
    })
    return heard
  })

interface Carried {
  readonly subject: string
  readonly traceparent?: string
}

describeWithServers(["postgres", "rabbitmq", "redis", "mongodb"], "The trace of a job", () => {
  it.live("crosses HTTP, broker, handler and archive, and is with the collector in the end", () =>
    Effect.gen(function*() {
      const sink = yield* collector
      const [database, { url: amqp }, redis, mongodb] = yield* Effect.all(
        [freshDatabase, freshVhost, freshRedis, freshMongoDatabase],
        { concurrency: "unbounded" }
      )
      const settings = {
        ...settingsOf({ database, amqp, redis, mongodb }),
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.origin
      }
      const running = yield* Effect.forEach(programs, (name) => serve(name, settings))
      yield* Effect.forEach(running, untilReady, { concurrency: "unbounded" })
      const [gateway, , , , readModel] = running
      const heard = yield* tap(amqp)

      const { body: { jobId } } = yield* Effect.promise(() =>
        postJson<{ readonly jobId: string }>(`${gateway?.url}/jobs`, { type: "demo.sleep", payload: { ms: 20 } }, {
          traceparent: `00-${traceId}-${clientSpan}-01`
        })
      )
      yield* eventually(
        "the job is completed",
        () => getJson<{ readonly status: string }>(`${readModel?.url}/jobs/${jobId}`),
        ({ status }) => status === "completed"
      )
      const archived = yield* eventually(
        "the archive has its end",
        async () => [...(await archiveOf(mongodb)).values()].flat().filter(({ job }) => job === jobId),
        (events) => events.some(({ type }) => type === "completed")
      )
      const mine = ({ links, traceId: own }: ReturnType<typeof sink.spans>[number]) =>
        own === traceId || (links ?? []).some((link) => link.traceId === traceId)
      const batches = ["Dispatch.send", "EventRelay.send", "Archiver.store"]
      const spans = yield* eventually(
        "the collector has every part",
        async () => sink.spans().filter(mine),
        (found) => ["job demo.sleep", ...batches].every((name) => found.some((span) => span.name === name))
      )
      const named = (name: string) => spans.find((span) => span.name === name)
      const request = spans.find(({ parentSpanId }) => parentSpanId === clientSpan)
      const job = named("job demo.sleep")
      const carried = heard.flatMap((text): ReadonlyArray<Carried> => JSON.parse(text)).filter(({ subject }) =>
        subject === jobId
      )

      // HTTP: the client's trace goes on in the gateway, and in the handler, whose parent is in the job's trace.
      assert.strictEqual(request?.service, "odto-gateway")
      assert.strictEqual(request?.traceId, traceId)
      assert.strictEqual(job?.service, "odto-processor")
      assert.strictEqual(job?.traceId, traceId)
      assert.include(
        spans.filter(({ service }) => service === "odto-gateway").map(({ spanId }) => spanId),
        job?.parentSpanId
      )
      // Broker: every event that it carried is of the trace, and so are the batches that went in and came out.
      assert.isAtLeast(carried.length, 3)
      for (const { traceparent } of carried) assert.isTrue(traceparent?.startsWith(`00-${traceId}-`), traceparent)
      assert.deepStrictEqual(batches.map((name) => named(name)?.service), [
        "odto-dispatcher",
        "odto-dispatcher",
        "odto-metrics-engine"
      ])
      // Archive: what is kept for ever still says which trace it was.
      for (const { traceparent } of archived) assert.isTrue(traceparent?.startsWith(`00-${traceId}-`), traceparent)
    }))
})
