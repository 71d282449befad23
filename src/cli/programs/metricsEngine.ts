/** The metrics engine as a program: archives events in MongoDB, counts them in Redis, checks the archive. */
import * as AmqpBroker from "#infra/amqp/AmqpBroker.ts"
import * as OpsServer from "#infra/http/OpsServer.ts"
import { Mongo } from "#infra/mongo/Mongo.ts"
import * as MongoEventArchive from "#infra/mongo/MongoEventArchive.ts"
import { Redis } from "#infra/redis/Redis.ts"
import * as RedisLiveStats from "#infra/redis/RedisLiveStats.ts"
import * as Prometheus from "#infra/telemetry/Prometheus.ts"
import * as Health from "#services/Health.ts"
import * as MetricsEngine from "#services/metrics-engine/MetricsEngine.ts"
import * as UndecodableMessages from "#services/UndecodableMessages.ts"
import { Effect, Layer } from "effect"
import { host, opsPort, serverUrl } from "../Settings.ts"
import { version } from "../version.ts"
import { sourceOf } from "./identity.ts"
import * as Truth from "./truth.ts"

const program = "metrics-engine"
const defaultPort = 9103

/** Where the event log is the archive: only the live numbers are to be kept. */
export const layerEmbedded = MetricsEngine.layerLogIsArchive.pipe(Layer.provide(Prometheus.layer({ program, version })))

const ops = Layer.unwrap(Effect.gen(function*() {
  return OpsServer.layer({ host: yield* host, port: yield* opsPort(defaultPort), portVariable: "ODTO_OPS_PORT" })
})).pipe(
  Layer.provide(Health.Health.layer({
    program,
    version,
    dependencies: Effect.all([
      Health.truth("postgresql"),
      Health.broker("rabbitmq", true),
      Health.archive(true),
      Health.live()
    ])
  })),
  Layer.provide(Prometheus.layer({ program, version }))
)

export const layerServer = Layer.merge(
  Layer.merge(MetricsEngine.layer(), UndecodableMessages.layer).pipe(
    Layer.provide(Prometheus.layer({ program, version }))
  ),
  ops
).pipe(
  Layer.provide([
    Truth.layerServer(sourceOf(program)),
    Layer.unwrap(Effect.map(serverUrl("ODTO_AMQP_URL"), (url) => AmqpBroker.layer({ url, name: sourceOf(program) }))),
    MongoEventArchive.layer().pipe(Layer.provide(Layer.unwrap(Effect.map(serverUrl("ODTO_MONGODB_URL"), Mongo.layer)))),
    RedisLiveStats.layer().pipe(Layer.provide(Layer.unwrap(Effect.map(serverUrl("ODTO_REDIS_URL"), Redis.layer))))
  ]),
  Layer.provide(Prometheus.Prometheus.layer)
)
