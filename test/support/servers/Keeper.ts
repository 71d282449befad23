/**
 * Keeps the servers that all test files share: one of each kind per run, started when the first file asks for it.
 *
 * It lives in the process that runs the test files, which are processes of their own; they ask over HTTP.
 *
 *     GET /servers/KIND     the endpoint of the shared server, when it is up
 *     GET /exclusive/KIND   answers when nobody else holds the kind; holding lasts as long as the response stays open
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { isKind, type Kind, kinds, startNew } from "./kinds.ts"
import type { LocalServer } from "./LocalServer.ts"
import { manage } from "./rabbitmq.ts"

export interface Endpoint {
  readonly url: string
  readonly managementUrl?: string | undefined
}

export interface Keeper {
  readonly url: string
  readonly close: () => Promise<void>
}

export const openKeeper = async (): Promise<Keeper> => {
  const started = new Map<Kind, Promise<LocalServer>>()
  const holders = new Map<Kind, Promise<void>>()

  const endpoint = (kind: Kind): Promise<Endpoint> => {
    const given = process.env[kinds[kind].variable]
    if (given !== undefined) return givenEndpoint(kind, given)
    const server = started.get(kind) ?? startNew(kind)
    started.set(kind, server)
    return server
  }

  const hold = async (kind: Kind, response: ServerResponse) => {
    const before = holders.get(kind) ?? Promise.resolve()
    const released = new Promise<void>((resolve) => response.once("close", resolve))
    holders.set(kind, before.then(() => released))
    await before
    response.writeHead(200).flushHeaders()
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const [, what, kind = ""] = (request.url ?? "").split("/")
    if (!isKind(kind)) return response.writeHead(404).end()
    if (what === "exclusive") return hold(kind, response)
    const { managementUrl, url } = await endpoint(kind)
    return response.end(JSON.stringify({ url, managementUrl }))
  }

  const http = createServer((request, response) => {
    answer(request, response).catch((error) => response.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
  const address = http.address()
  if (address === null || typeof address === "string") throw new Error("the keeper has no port")

  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      http.closeAllConnections()
      http.close()
      await Promise.allSettled([...started.values()].map(async (server) => (await server).dispose()))
    }
  }
}

/** A broker that is given may have the management API at its usual place. */
const givenEndpoint = async (kind: Kind, url: string): Promise<Endpoint> => {
  if (kind !== "rabbitmq") return { url }
  const { hostname, password, username } = new URL(url)
  const usual = `http://${username || "guest"}:${password || "guest"}@${hostname}:15672`
  const managementUrl = process.env.ODTO_TEST_AMQP_MANAGEMENT_URL ?? usual
  return manage(managementUrl, "GET", "whoami").then(() => ({ url, managementUrl }), () => ({ url }))
}
