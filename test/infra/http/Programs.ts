/** The servers of both APIs over the stores in memory, on free ports. */
import { JobTypeName } from "#domain/Job.ts"
import { defaultBackoff } from "#domain/Retry.ts"
import { WorkerId } from "#domain/Worker.ts"
import * as AjvPayloadSchemas from "#infra/ajv/AjvPayloadSchemas.ts"
import * as NodeIds from "#infra/crypto/NodeIds.ts"
import type { ApiServerOptions } from "#infra/http/ApiServer.ts"
import * as bearerToken from "#infra/http/bearerToken.ts"
import * as GatewayServer from "#infra/http/GatewayServer.ts"
import * as ReadModelServer from "#infra/http/ReadModelServer.ts"
import { Control } from "#services/gateway/Control.ts"
import { Intake } from "#services/gateway/Intake.ts"
import { JobTypes } from "#services/gateway/JobTypes.ts"
import * as Health from "#services/Health.ts"
import * as Memory from "#services/ports/memory/Memory.ts"
import * as MemoryBroker from "#services/ports/memory/MemoryBroker.ts"
import { layer as layerArchive } from "#services/ports/memory/MemoryEventArchive.ts"
import { layer as layerLiveStats } from "#services/ports/memory/MemoryLiveStats.ts"
import { Metrics } from "#services/ports/Metrics.ts"
import { TokenStore } from "#services/ports/TokenStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { TruthName } from "#services/read-model/Reading.ts"
import { Context, Effect, Layer } from "effect"

/** Where the servers of a test answer, without a slash at the end. */
export class Urls
  extends Context.Service<Urls, { readonly gateway: string; readonly readModel: string }>()("test/Urls")
{}

export const workerId = WorkerId.make("0197a5f0-0000-7000-8000-00000000000a")

const worker = Layer.effectDiscard(Effect.gen(function*() {
  const workers = yield* WorkerStore
  yield* workers.register({
    id: workerId,
    name: "processor/test",
    host: "test",
    pid: 1,
    version: "0.0.0",
    slots: 10,
    queues: undefined,
    types: [
      {
        name: JobTypeName.make("demo.noop"),
        payloadSchema: { type: "object" },
        maxAttempts: 5,
        backoff: defaultBackoff,
        timeoutMillis: 1_000
      },
      {
        name: JobTypeName.make("mail.send"),
        description: "Sends a mail",
        payloadSchema: {
          type: "object",
          properties: { to: { type: "string", minLength: 3 }, copies: { type: "integer" } },
          required: ["to"],
          additionalProperties: false
        },
        maxAttempts: 3,
        backoff: defaultBackoff,
        timeoutMillis: 1_000
      }
    ]
  })
}))

/** All ports in memory, with their faults at hand. */
export const ports = Layer.mergeAll(
  Memory.layerMemory,
  MemoryBroker.layerWith({}),
  layerArchive,
  layerLiveStats,
  Metrics.layerMemory,
  NodeIds.layer,
  AjvPayloadSchemas.layer,
  Layer.succeed(TruthName, "memory")
)

const healthOf = (program: string) =>
  Health.Health.layer({
    program,
    version: "1.2.3",
    dependencies: Effect.all([Health.truth("memory"), Health.broker("broker"), Health.archive(), Health.live()])
  })

interface Options extends Partial<ApiServerOptions & GatewayServer.GatewayOptions> {
  /** What must be in the stores before the servers start. */
  readonly before?: Layer.Layer<never, unknown, TokenStore>
}

/** What the gateway is made of. */
const gatewayServices = Layer.mergeAll(Intake.layer, Control.layer, healthOf("gateway")).pipe(
  Layer.provide(JobTypes.layer)
)
export const gatewayNeeds = Layer.provideMerge(gatewayServices, ports)

export const gateway = (options: Options = {}) =>
  GatewayServer.layer({ port: 0, portVariable: "ODTO_GATEWAY_PORT", ...options }).pipe(
    Layer.provide(gatewayServices)
  )
export const readModel = (options: Options = {}) =>
  ReadModelServer.layer({ port: 0, portVariable: "ODTO_READ_MODEL_PORT", ...options }).pipe(
    Layer.provide(healthOf("read-model"))
  )

const urls = Layer.effect(
  Urls,
  Effect.gen(function*() {
    return {
      gateway: (yield* GatewayServer.GatewayServer).url,
      readModel: (yield* ReadModelServer.ReadModelServer).url
    }
  })
)

/** Both servers over the same stores; the stores are there for the test. */
export const layer = (options: Options = {}) =>
  urls.pipe(
    Layer.provideMerge(Layer.merge(gateway(options), readModel(options))),
    Layer.provideMerge(Layer.provideMerge(Layer.merge(worker, options.before ?? Layer.empty), ports))
  )

/** A token that the store knows. */
export const tokenOf = Effect.fnUntraced(function*(role: "viewer" | "operator" | "admin", name: string = role) {
  const { hash, token } = bearerToken.make()
  yield* Effect.flatMap(TokenStore, (tokens) => tokens.create({ name, role, hash }, { name: "test", role: "admin" }))
  return token
})
