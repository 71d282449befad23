/**
 * A port to listen on, and how it is given up: no new connections, a short while for what is being answered, then the
 * connections are cut. A request that never ends must not keep a program from stopping.
 */
import { problemType } from "#domain/contract/Problems.ts"
import { NodeHttpServer } from "@effect/platform-node"
import { Duration, Effect, Layer, Schema } from "effect"
import { HttpServer } from "effect/http"
import { NetAddress } from "effect/net"
import { createServer, type Server, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"

const defaultGrace = Duration.seconds(5)
/** Bytes of all headers of a request. */
const maxHeaderBytes = 16 * 1024
/** A request must have come whole by then: 16 MiB over a slow line. */
const requestTimeoutMillis = 60_000
/** Headers must have come by then: who sends them drop by drop only wants to hold a socket. */
const headersTimeoutMillis = 15_000
/** Longer than the 60 s after which common proxies forget a connection, so that they are the ones who close it. */
const keepAliveTimeoutMillis = 65_000

export interface ListenOptions {
  /** Default: 127.0.0.1. */
  readonly host?: string | undefined
  /** 0: any free port. */
  readonly port: number
  /** Environment variable that names the port, for the message when the port is taken. */
  readonly portVariable: string
  /** What is being answered when the program stops gets this long. Default: 5 seconds. */
  readonly grace?: Duration.Input | undefined
}

export const defaultHost = "127.0.0.1"

/** The program cannot listen there. */
export class CannotListen extends Schema.TaggedError<CannotListen>()("CannotListen", {
  host: Schema.String,
  port: Schema.Int,
  portVariable: Schema.String,
  /** `EADDRINUSE`: somebody else does. `EACCES`: not permitted. `EADDRNOTAVAIL`: not an address of this machine. */
  code: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return this.code === "EADDRINUSE"
      ? `port ${this.port} is taken; choose another one with ${this.portVariable}`
      : `cannot listen on ${this.host}:${this.port} (${this.code}); see ${this.portVariable}`
  }
}

/** Where a program answers. */
export interface Address {
  readonly host: string
  readonly port: number
  /** To be called from this machine. */
  readonly url: string
}

/** Requests that are not HTTP, or too large or too slow before they are one, get a problem document all the same. */
const problems: Record<string, { readonly status: number; readonly name: string; readonly detail: string }> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    name: "headers-too-large",
    detail: `The headers are larger than ${maxHeaderBytes} bytes.`
  },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, name: "request-timeout", detail: "The request did not come in time." }
}
const malformed = { status: 400, name: "malformed-request", detail: "This is not an HTTP request." }

const refuseMalformed = (error: NodeJS.ErrnoException, socket: Duplex) => {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy()
    return
  }
  const { detail, name, status } = problems[error.code ?? ""] ?? malformed
  const title = STATUS_CODES[status] ?? "Bad Request"
  const body = JSON.stringify({ type: problemType(name), title, status, detail })
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  )
}

const makeServer = (): Server =>
  createServer({
    maxHeaderSize: maxHeaderBytes,
    requestTimeout: requestTimeoutMillis,
    headersTimeout: headersTimeoutMillis,
    keepAliveTimeout: keepAliveTimeoutMillis,
    noDelay: true
  }).on("clientError", refuseMalformed)

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown"

/** The server of one program; it listens when the layer is built. */
export const layer = ({ grace = defaultGrace, host = defaultHost, port, portVariable }: ListenOptions) =>
  Layer.unwrap(Effect.sync(() => {
    const server = makeServer()
    const listening = NodeHttpServer.layer(() => server, { host, port, gracefulShutdownTimeout: grace }).pipe(
      Layer.catchTag("ServeError", ({ cause }) =>
        Layer.effectContext(
          Effect.fail(new CannotListen({ host, port, portVariable, code: codeOf(cause), cause }))
        ))
    )
    // Built after the server and given up before it, when the time for open requests is over.
    const cut = Layer.effectDiscard(
      Effect.andThen(
        HttpServer.HttpServer,
        Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
      )
    )
    return Layer.provideMerge(cut, listening)
  }))

const unspecified = new Set(["0.0.0.0", "::", ""])

/** Where the server answers that listens on the host. */
export const addressOf = (host: string): Effect.Effect<Address, never, HttpServer.HttpServer> =>
  Effect.map(HttpServer.HttpServer, ({ address }) => {
    const port = NetAddress.isInetAddress(address) ? address.port : 0
    const name = unspecified.has(host) ? defaultHost : host.includes(":") ? `[${host}]` : host
    return { host, port, url: `http://${name}:${port}` }
  })
