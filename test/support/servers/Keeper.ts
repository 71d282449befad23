/**
 * Keeps the servers that all test files share: one of each kind per run, started when the first file asks for it.
 *
 * It lives in the process that runs the test files, which are processes of their own; they ask over HTTP.
 *
 *     GET /servers/KIND     the endpoint of the shared server, when it is up
 *     GET /places/KIND      a number that nobody else has, as long as the response stays open: of a database in a Redis
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { givenUrl, isKind, type Kind, startNew } from "./kinds.ts"
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

/** How many databases a Redis has unless it is told otherwise. */
const databases = 16

export const openKeeper = async (): Promise<Keeper> => {
  const started = new Map<Kind, Promise<LocalServer>>()
  const free = Array.from({ length: databases }, (_, place) => place)
  const waiting: Array<(place: number) => void> = []

  const endpoint = (kind: Kind): Promise<Endpoint> => {
    const given = givenUrl(kind)
    if (given !== undefined) return Promise.resolve(givenEndpoint(kind, given))
    const server = started.get(kind) ?? startNew(kind)
    started.set(kind, server)
    return server
  }

  const hold = async (response: ServerResponse) => {
    const place = free.shift() ?? await new Promise<number>((resolve) => waiting.push(resolve))
    const release = () => {
      const next = waiting.shift()
      if (next === undefined) free.push(place)
      else next(place)
    }
    if (response.destroyed) return release()
    response.once("close", release)
    response.write(`${place}\n`)
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const [, what, kind = ""] = (request.url ?? "").split("/")
    if (!isKind(kind)) return response.writeHead(404).end()
    if (what === "places") return hold(response)
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

const givenEndpoint = (kind: Kind, url: string): Endpoint =>
  kind === "rabbitmq" ? { url, managementUrl: givenManagementUrl(url) } : { url }

/** The management API of a broker that is given is where it usually is, or where the environment says. */
const givenManagementUrl = (url: string) => {
  const { hostname, password, username } = new URL(url)
  const usual = `http://${username || "guest"}:${password || "guest"}@${hostname}:15672`
  return process.env.ODTO_TEST_AMQP_MANAGEMENT_URL ?? usual
}

/** Why the tests cannot use a server that is given, if so. */
export const unusable = async (kind: Kind, url: string): Promise<string | undefined> => {
  const { managementUrl } = givenEndpoint(kind, url)
  if (managementUrl === undefined) return undefined
  return manage(managementUrl, "GET", "whoami").then(
    () => undefined,
    () => "the broker of ODTO_TEST_AMQP_URL has no management API at ODTO_TEST_AMQP_MANAGEMENT_URL"
  )
}
