/**
 * A way to a server on which answers get lost: the request arrives and is carried out, the connection breaks before the
 * answer comes back.
 */
import { Effect, type Scope } from "effect"
import { connect, createServer, type Socket } from "node:net"

export interface LossyProxy {
  /** Of the server, by way of the proxy. */
  readonly url: string
  /** Connections that send something from now on get no answer and are broken by the first byte of it. */
  readonly loseAnswers: Effect.Effect<void>
  /** As if nothing had been. */
  readonly heal: Effect.Effect<void>
}

export const lossyProxy = (url: string): Effect.Effect<LossyProxy, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { hostname, port } = new URL(url)
    const sockets = new Set<Socket>()
    let isLossy = false
    const server = createServer((client) => {
      const upstream = connect(Number(port), hostname)
      let isDoomed = false
      const close = () => {
        client.destroy()
        upstream.destroy()
      }
      for (const socket of [client, upstream]) {
        sockets.add(socket)
        socket.on("error", close).on("close", () => {
          sockets.delete(socket)
          close()
        })
      }
      client.on("data", (data) => {
        if (isLossy) isDoomed = true
        upstream.write(data)
      })
      upstream.on("data", (data) => {
        if (isDoomed) close()
        else client.write(data)
      })
    })
    yield* Effect.acquireRelease(
      Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
      () =>
        Effect.sync(() => {
          for (const socket of sockets) socket.destroy()
          server.close()
        })
    )
    const address = server.address()
    const through = new URL(url)
    through.hostname = "127.0.0.1"
    through.port = String(typeof address === "object" && address !== null ? address.port : 0)
    return {
      url: through.href,
      loseAnswers: Effect.sync(() => {
        isLossy = true
      }),
      heal: Effect.sync(() => {
        isLossy = false
      })
    }
  })
