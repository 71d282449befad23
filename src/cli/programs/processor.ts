/** The processor as a program: built-in job types, and those of a user's module. Several share the work. */
import type { JobType } from "#domain/JobType.ts"
import * as AmqpBroker from "#infra/amqp/AmqpBroker.ts"
import * as NodeIds from "#infra/crypto/NodeIds.ts"
import * as OpsServer from "#infra/http/OpsServer.ts"
import * as ThreadHeartbeats from "#infra/postgres/ThreadHeartbeats.ts"
import * as Prometheus from "#infra/telemetry/Prometheus.ts"
import * as Health from "#services/Health.ts"
import { handlers } from "#services/processor/HandlerHealth.ts"
import { Worker } from "#services/processor/Worker.ts"
import * as UndecodableMessages from "#services/UndecodableMessages.ts"
import { Context, Deferred, Effect, Layer } from "effect"
import { hostname } from "node:os"
import { concurrency, drainSeconds, host, opsPort, queueConcurrency, queues, serverUrl } from "../Settings.ts"
import { version } from "../version.ts"
import { sourceOf } from "./identity.ts"
import * as Truth from "./truth.ts"

const program = "processor"
const defaultPort = 9102

/** Heartbeats, stores and broker are given. */
export const layerOver = (types: ReadonlyArray<JobType>) =>
  Layer.unwrap(Effect.gen(function*() {
    return Worker.layer({
      name: sourceOf(program),
      host: hostname(),
      pid: process.pid,
      version,
      slots: yield* concurrency,
      queues: yield* queues,
      queueSlots: yield* queueConcurrency,
      types,
      drainMillis: (yield* drainSeconds) * 1_000
    })
  })).pipe(
    Layer.merge(UndecodableMessages.layer),
    Layer.provide(NodeIds.layer),
    Layer.provide(Prometheus.layer({ program, version }))
  )

const ops = (worker: Deferred.Deferred<Worker["Service"]>) =>
  Layer.unwrap(Effect.gen(function*() {
    return OpsServer.layer({ host: yield* host, port: yield* opsPort(defaultPort), portVariable: "ODTO_OPS_PORT" })
  })).pipe(
    Layer.provide(
      Health.Health.layer({
        program,
        version,
        dependencies: Effect.all([
          Health.truth("postgresql"),
          Health.broker("rabbitmq", true),
          Effect.succeed(handlers(worker))
        ])
      })
    ),
    Layer.provide(Prometheus.layer({ program, version }))
  )

export const layerServer = (types: ReadonlyArray<JobType>) =>
  Layer.unwrap(Effect.gen(function*() {
    const worker = yield* Deferred.make<Worker["Service"]>()
    const working = layerOver(types).pipe(
      Layer.tap((services) => Deferred.succeed(worker, Context.get(services, Worker)))
    )
    return Layer.merge(working, ops(worker))
  })).pipe(
    Layer.provide(Layer.unwrap(Effect.map(serverUrl("ODTO_DATABASE_URL"), (url) =>
      ThreadHeartbeats.layer({ url, applicationName: sourceOf(program) })))),
    Layer.provide([
      Truth.layerServer(sourceOf(program)),
      Layer.unwrap(Effect.map(serverUrl("ODTO_AMQP_URL"), (url) =>
        AmqpBroker.layer({ url, name: sourceOf(program) })))
    ]),
    Layer.provide(Prometheus.Prometheus.layer)
  )
