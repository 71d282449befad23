import { GatewayApi } from "#domain/contract/GatewayApi.ts"
import { ReadModelApi } from "#domain/contract/ReadModelApi.ts"
import { JobTypeName, QueueName } from "#domain/Job.ts"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { HttpApiClient } from "effect/http-api"
import { freshJobId } from "../../support/LogRows.ts"
import * as Programs from "./Programs.ts"

const type = JobTypeName.make("demo.noop")
const clients = Effect.gen(function*() {
  const urls = yield* Programs.Urls
  return {
    gateway: yield* HttpApiClient.make(GatewayApi, { baseUrl: urls.gateway }),
    readModel: yield* HttpApiClient.make(ReadModelApi, { baseUrl: urls.readModel })
  }
})

layer(Layer.provideMerge(Programs.layer(), NodeHttpClient.layerUndici), { excludeTestServices: true })(
  "The contract, as its client reads it",
  (it) => {
    it.effect("submits and controls", () =>
      Effect.gen(function*() {
        const { gateway } = yield* clients
        const queue = QueueName.make("client")
        const one = yield* gateway.jobs.submit({ payload: { type, queue, payload: { a: 1 } }, headers: {} })
        const batch = yield* gateway.jobs.submitBatch({ payload: { jobs: [{ type, queue }] } })
        const cancelled = yield* gateway.jobs.cancel({ params: { jobId: one.jobId } })
        const paused = yield* gateway.queues.pause({ params: { name: queue } })
        const created = yield* gateway.tokens.create({ payload: { name: "client", role: "viewer" } })
        const { tokens } = yield* gateway.tokens.list()
        yield* gateway.tokens.revoke({ params: { name: "client" } })

        assert.strictEqual(one.status, "queued")
        assert.strictEqual(batch.results[0]?.outcome, "accepted")
        assert.strictEqual(cancelled.status, "cancelled")
        assert.deepStrictEqual(paused, { queue, paused: true, recalled: 0 })
        assert.match(created.token, /^odto_/u)
        assert.deepInclude(tokens.map(({ name }) => name), "client")
      }))

    it.effect("gets problems as errors with their members", () =>
      Effect.gen(function*() {
        const { gateway, readModel } = yield* clients
        const jobId = freshJobId()
        const unknown = yield* Effect.flip(gateway.jobs.cancel({ params: { jobId } }))
        const nobody = yield* Effect.flip(
          gateway.jobs.submit({ payload: { type: JobTypeName.make("no.such") }, headers: {} })
        )
        const missing = yield* Effect.flip(readModel.jobs.get({ params: { jobId } }))

        assert.deepInclude(unknown, { _tag: "UnknownJob", jobId, status: 404 })
        assert.deepInclude(nobody, { _tag: "UnknownType", status: 422 })
        assert.strictEqual(missing._tag, "UnknownJob")
      }))

    it.effect("reads everything that there is to read", () =>
      Effect.gen(function*() {
        const { gateway, readModel } = yield* clients
        const { jobId } = yield* gateway.jobs.submit({ payload: { type, tags: ["read"] }, headers: {} })
        const list = yield* readModel.jobs.list({ query: { tag: "read", limit: 10 } })
        const job = yield* readModel.jobs.get({ params: { jobId } })
        const timeline = yield* readModel.jobs.timeline({ params: { jobId } })
        const stats = yield* readModel.system.stats()
        yield* readModel.jobs.recent({ query: {} })
        yield* readModel.system.throughput({ query: { seconds: 10 } })
        yield* readModel.system.queues()
        yield* readModel.system.workers()
        yield* readModel.system.audit({ query: {} })
        yield* readModel.events.list({ query: { jobId } })
        yield* readModel.alerts.list({ query: {} })
        yield* readModel.ops.readyz()
        const { types } = yield* readModel.system.types()

        assert.deepStrictEqual(list.jobs.map(({ id }) => id), [jobId])
        assert.deepInclude(job, { id: jobId, status: "queued" })
        assert.strictEqual(timeline.jobId, jobId)
        assert.strictEqual(stats.jobs.status, "ok")
        assert.sameMembers(types.map(({ name }) => String(name)), ["demo.noop", "mail.send"])
      }))

    it.effect("follows the stream, decoded", () =>
      Effect.gen(function*() {
        const { gateway, readModel } = yield* clients
        const stream = yield* readModel.events.stream({ query: {}, headers: { "last-event-id": "1:0.0" } })
        const { jobId } = yield* gateway.jobs.submit({ payload: { type }, headers: {} })
        const event = yield* stream.pipe(
          Stream.filter(({ data }) => "subject" in data && data.subject === jobId),
          Stream.runHead,
          Effect.flatMap(Effect.fromOption)
        )

        assert.strictEqual(event.event, "odto.job.created.v1")
        assert.match(event.id ?? "", /^1:/u)
      }))
  }
)
