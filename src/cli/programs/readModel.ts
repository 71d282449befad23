/** The read model as a program. Without MongoDB, Redis or RabbitMQ it answers what PostgreSQL knows and says what is down. */
import * as AmqpBroker from "#infra/amqp/AmqpBroker.ts"
import * as ReadModelServer from "#infra/http/ReadModelServer.ts"
import { Mongo } from "#infra/mongo/Mongo.ts"
import * as MongoEventArchive from "#infra/mongo/MongoEventArchive.ts"
import { Redis } from "#infra/redis/Redis.ts"
import * as RedisLiveStats from "#infra/redis/RedisLiveStats.ts"
import * as Prometheus from "#infra/telemetry/Prometheus.ts"
import * as Health from "#services/Health.ts"
import { TruthName } from "#services/read-model/Reading.ts"
import * as UndecodableMessages from "#services/UndecodableMessages.ts"
import { Effect, Layer, Option } from "effect"
import { allowedHosts, host, readModelPort, serverUrl, webhookToken } from "../Settings.ts"
import { version } from "../version.ts"
import { sourceOf } from "./identity.ts"
import * as Truth from "./truth.ts"

const program = "read-model"

/** Stores and broker are given; the names are what its health calls them. */
export const layerOver = (names: { readonly truth: string; readonly broker: string }) =>
  Layer.unwrap(Effect.gen(function*() {
    return ReadModelServer.layer({
      host: yield* host,
      port: yield* readModelPort,
      portVariable: "ODTO_READ_MODEL_PORT",
      allowedHosts: yield* allowedHosts,
      webhookToken: Option.getOrUndefined(yield* webhookToken)
    })
  })).pipe(
    Layer.provide(Health.Health.layer({
      program,
      version,
      dependencies: Effect.all([
        Health.truth(names.truth),
        Health.archive(),
        Health.live(),
        Health.broker(names.broker)
      ])
    })),
    Layer.provide(Layer.succeed(TruthName, names.truth)),
    Layer.provide(Prometheus.layer({ program, version }))
  )

export const layerServer = Layer.merge(
  layerOver({ truth: "postgresql", broker: "rabbitmq" }),
  UndecodableMessages.layer.pipe(Layer.provide(Prometheus.layer({ program, version })))
).pipe(
  Layer.provide([
    Truth.layerServer(sourceOf(program)),
    Layer.unwrap(Effect.map(serverUrl("ODTO_AMQP_URL"), (url) => AmqpBroker.layer({ url, name: sourceOf(program) }))),
    MongoEventArchive.layer().pipe(Layer.provide(Layer.unwrap(Effect.map(serverUrl("ODTO_MONGODB_URL"), Mongo.layer)))),
    RedisLiveStats.layer().pipe(Layer.provide(Layer.unwrap(Effect.map(serverUrl("ODTO_REDIS_URL"), Redis.layer))))
  ]),
  Layer.provide(Prometheus.Prometheus.layer)
)
