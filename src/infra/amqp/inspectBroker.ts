/** What a RabbitMQ server says of itself when it is greeted, for whoever looks for what is wrong. Changes nothing. */
import { BrokerError } from "#services/ports/Broker.ts"
import { connect } from "amqplib"
import { Effect, Redacted } from "effect"

/** A broker that does not greet within this time is as good as away. */
const handshakeMillis = 3_000

export const inspectBroker = (url: Redacted.Redacted): Effect.Effect<{ readonly version: string }, BrokerError> =>
  Effect.acquireUseRelease(
    Effect.tryPromise({
      try: () =>
        connect(Redacted.value(url), { timeout: handshakeMillis, clientProperties: { connection_name: "doctor" } }),
      catch: (cause) => new BrokerError({ operation: "connect", reason: "unavailable", cause })
    }),
    (model) => {
      model.on("error", () => {})
      return Effect.succeed({ version: model.connection.serverProperties.version })
    },
    (model) => Effect.ignore(Effect.tryPromise(() => model.close()))
  )
