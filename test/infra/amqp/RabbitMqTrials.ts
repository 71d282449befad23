/** A virtual host of a real RabbitMQ with what the broker suite does to it behind the broker's back. */
import { connect } from "amqplib"
import { Context, Effect, Exit, Layer, Schedule } from "effect"
import { BrokerTrials } from "../../behaviour/broker/Trials.ts"
import { freshVhost, type Vhost } from "../../support/Servers.ts"

export class RabbitMqVhost extends Context.Service<RabbitMqVhost, Vhost>()("test/RabbitMqVhost") {
  static readonly layer = Layer.effect(RabbitMqVhost, freshVhost)
}

interface Listed {
  readonly name: string
  readonly exclusive?: boolean
}

const listed = (vhost: Vhost, path: string): Effect.Effect<ReadonlyArray<Listed>> =>
  Effect.map(vhost.manage("GET", path), (answer) => Array.isArray(answer) ? answer : [])

/** Something else may have deleted it first. */
const remove = (vhost: Vhost, path: string) => Effect.exit(vhost.manage("DELETE", path))

export const deleteQueues = (vhost: Vhost) =>
  Effect.flatMap(listed(vhost, `queues/${vhost.name}`), (queues) =>
    Effect.forEach(
      queues.filter(({ exclusive }) => exclusive !== true),
      ({ name }) => remove(vhost, `queues/${vhost.name}/${encodeURIComponent(name)}`)
    ))

/** The broker under test has two; the management API gets to know a connection within five seconds. */
export const dropConnections = (vhost: Vhost) =>
  Effect.flatMap(
    listed(vhost, `vhosts/${vhost.name}/connections`),
    (connections) => Effect.forEach(connections, ({ name }) => remove(vhost, `connections/${encodeURIComponent(name)}`))
  ).pipe(
    Effect.repeat({
      until: (dropped) => dropped.filter(Exit.isSuccess).length >= 2,
      schedule: Schedule.spaced("100 millis")
    })
  )

/** Puts bytes into a queue past the broker under test. */
export const putInto = (vhost: Vhost, queue: string, body: string) =>
  Effect.promise(async () => {
    const connection = await connect(vhost.url)
    const channel = await connection.createConfirmChannel()
    channel.sendToQueue(queue, Buffer.from(body), { mandatory: true, persistent: true })
    await channel.waitForConfirms()
    await connection.close()
  })

export const layerTrials = Layer.effect(
  BrokerTrials,
  Effect.map(RabbitMqVhost, (vhost) =>
    BrokerTrials.of({
      deleteQueues: Effect.asVoid(deleteQueues(vhost)),
      dropConnections: Effect.asVoid(dropConnections(vhost)),
      garble: (into, body) =>
        putInto(vhost, into === "archive" ? "odto.events.archive" : `odto.jobs.${into.queue}.${into.type}`, body)
    }))
)
