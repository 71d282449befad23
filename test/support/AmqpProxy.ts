/**
 * Stands between a client and RabbitMQ and makes the broker deaf to one kind of question.
 *
 * It reads AMQP 0-9-1's frames: one byte of type, two of channel, four of size, the payload, one byte of end.
 */
import { Effect, type Scope } from "effect"
import { connect, createServer, type Socket } from "node:net"

/** A method of AMQP: its class, its number. */
export const basicConsume = [60, 20] as const

export interface AmqpProxy {
  readonly url: string
  /** From now on the broker does not hear this method when its arguments hold the text. */
  readonly swallow: (method: readonly [number, number], text: string) => Effect.Effect<void>
  readonly pass: Effect.Effect<void>
}

const protocolHeaderBytes = 8
const frameOverheadBytes = 8
const methodFrame = 1

export const amqpProxy = (url: string): Effect.Effect<AmqpProxy, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { hostname, port } = new URL(url)
    let isSwallowed = (_payload: Buffer) => false
    const sockets = new Set<Socket>()

    const relay = (client: Socket) => {
      const broker = connect(Number(port), hostname)
      for (const socket of [client, broker]) {
        sockets.add(socket)
        socket.on("error", () => {}).on("close", () => {
          sockets.delete(socket)
          client.destroy()
          broker.destroy()
        })
      }
      broker.pipe(client)
      let rest = Buffer.alloc(0)
      let greeted = false
      client.on("data", (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk])
        if (!greeted) {
          if (rest.length < protocolHeaderBytes) return
          broker.write(rest.subarray(0, protocolHeaderBytes))
          rest = rest.subarray(protocolHeaderBytes)
          greeted = true
        }
        while (rest.length >= frameOverheadBytes) {
          const size = rest.readUInt32BE(3) + frameOverheadBytes
          if (rest.length < size) return
          const frame = rest.subarray(0, size)
          if (frame[0] !== methodFrame || !isSwallowed(frame.subarray(7, -1))) broker.write(frame)
          rest = rest.subarray(size)
        }
      })
    }

    const server = yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const listening = createServer(relay).listen(0, "127.0.0.1", () => resume(Effect.succeed(listening)))
      }),
      (listening) =>
        Effect.sync(() => {
          for (const socket of sockets) socket.destroy()
          listening.close()
        })
    )
    const address = server.address()
    const through = new URL(url)
    through.port = String(address !== null && typeof address === "object" ? address.port : 0)
    return {
      url: through.href,
      swallow: ([classId, methodId], text) =>
        Effect.sync(() => {
          isSwallowed = (payload) =>
            payload.readUInt16BE(0) === classId && payload.readUInt16BE(2) === methodId && payload.includes(text)
        }),
      pass: Effect.sync(() => {
        isSwallowed = () => false
      })
    }
  })
