import * as AmqpBroker from "#infra/amqp/AmqpBroker.ts"
import { Effect, Layer, Redacted } from "effect"
import { brokerBehaves } from "../../behaviour/brokerBehaves.ts"
import { describeWithServers } from "../../support/Servers.ts"
import { layerTrials, RabbitMqVhost } from "./RabbitMqTrials.ts"

const broker = Layer.unwrap(
  Effect.map(RabbitMqVhost, ({ url }) => AmqpBroker.layer({ url: Redacted.make(url), name: "test", archiveRows: 40 }))
)

describeWithServers(["rabbitmq"], "AmqpBroker", () => {
  brokerBehaves("RabbitMQ", Layer.mergeAll(broker, layerTrials).pipe(Layer.provideMerge(RabbitMqVhost.layer)))
})
