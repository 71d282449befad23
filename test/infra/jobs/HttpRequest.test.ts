import { httpRequest } from "#infra/jobs/HttpRequest.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"
import { jobContext } from "./JobContexts.ts"

interface Seen {
  readonly url: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
}

/** A server of this machine that keeps what it was asked. Each has an origin of its own. */
const server = (answer: (response: ServerResponse, url: string) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly origin: string; readonly seen: Array<Seen>; readonly close: () => void }>((resume) => {
      const seen: Array<Seen> = []
      const listening = createServer((request, response) => {
        const url = request.url ?? ""
        seen.push({ url, method: request.method ?? "", headers: request.headers })
        request.resume()
        answer(response, url)
      })
      listening.listen(0, "127.0.0.1", () => {
        const address = listening.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed({ origin: `http://127.0.0.1:${port}`, seen, close: () => listening.close() }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const key = Buffer.alloc(32, 7)
const perform = (payload: object) => Effect.promise(() => httpRequest(key).perform(payload, jobContext()))

const failure = Effect.fnUntraced(function*(payload: object) {
  const outcome = yield* perform(payload)
  return outcome._tag === "Failed" ? outcome.error : assert.fail(`it is ${outcome._tag}`)
})

const hopeless: ReadonlyArray<readonly [what: string, payload: object, message: string]> = [
  ["a URL without a host", { url: "http://" }, "the URL cannot be read"],
  ["a URL with an impossible port", { url: "http://example.org:99999/" }, "the URL cannot be read"],
  ["credentials that are badly escaped", { url: "http://a:%zz@127.0.0.1/" }, "the request cannot be made"],
  [
    "a header value with a line break",
    { url: "http://127.0.0.1/", headers: { "x-a": "1\r\nx-b: 2" } },
    "Invalid character in header content"
  ],
  ["a header name with a blank", { url: "http://127.0.0.1/", headers: { "bad name": "1" } }, "is no header name"],
  ["an empty header name", { url: "http://127.0.0.1/", headers: { "": "1" } }, "is no header name"],
  ["a refused address", { url: "http://[::169.254.169.254]/" }, "is not allowed"]
]

const dangling: ReadonlyArray<readonly [what: string, location: string, message: string]> = [
  ["that cannot be read", "http://:bad", "redirects to an address that cannot be read"],
  ["to another protocol", "file:///etc/passwd", "which is not followed"],
  ["to a refused address", "http://[::ffff:0:a9fe:a9fe]/", "is not allowed"]
]

describe("http.request", () => {
  it.effect.each(hopeless)(
    "does not try again what cannot succeed: %s",
    ([, payload, message]) =>
      Effect.map(failure(payload), (error) => {
        assert.include(error.message, message)
        assert.isFalse(error.retryable)
      })
  )

  it.effect.each(dangling)(
    "does not follow a redirect %s, and does not try again",
    ([, location, message]) =>
      Effect.gen(function*() {
        const { origin, seen } = yield* server((response) => response.writeHead(302, { location }).end())
        const error = yield* failure({ url: origin })
        assert.include(error.message, message)
        assert.isFalse(error.retryable)
        assert.lengthOf(seen, 1)
      })
  )

  it("tells clients in its schema which header names there are", () =>
    assert.include(JSON.stringify(httpRequest(undefined).description.payloadSchema), `"propertyNames"`))

  it.effect("completes with a redirect that counts as success", () =>
    Effect.gen(function*() {
      const { origin, seen } = yield* server((response) => response.writeHead(302, { location: "/next" }).end())
      const outcome = yield* perform({ url: `${origin}/first`, successStatuses: [302] })
      assert.strictEqual(outcome._tag, "Completed")
      assert.deepStrictEqual(seen.map(({ url }) => url), ["/first"])
    }))

  it.effect("follows a redirect that is not among the successes to the answer that is", () =>
    Effect.gen(function*() {
      const { origin, seen } = yield* server((response, url) =>
        url === "/first" ? response.writeHead(302, { location: "/next" }).end() : response.writeHead(404).end()
      )
      const outcome = yield* perform({ url: `${origin}/first`, successStatuses: [404] })
      assert.strictEqual(outcome._tag, "Completed")
      assert.deepStrictEqual(seen.map(({ url }) => url), ["/first", "/next"])
    }))

  const secrets = { "x-api-key": "s1", Authorization: "s2", Cookie: "s3", "x-secret": "s4", accept: "text/plain" }
  const names = ["x-api-key", "authorization", "cookie", "x-secret", "webhook-id", "webhook-signature"]

  it.effect.each([301, 302, 303, 307, 308])(
    "keeps secrets and signature to the origin they were meant for: %i",
    (status) =>
      Effect.gen(function*() {
        const other = yield* server((response) => response.end("there"))
        const first = yield* server((response) => response.writeHead(status, { location: other.origin }).end())
        const outcome = yield* perform({ url: first.origin, method: "PUT", headers: secrets, body: { a: 1 } })
        assert.strictEqual(outcome._tag, "Completed")
        const [meant] = first.seen
        const [foreign] = other.seen
        assert.includeMembers(Object.keys(meant?.headers ?? {}), names)
        for (const name of names) assert.notProperty(foreign?.headers, name)
        assert.strictEqual(foreign?.headers.accept, "text/plain")
        assert.strictEqual(foreign?.method, status === 303 ? "GET" : "PUT")
        assert.strictEqual(foreign?.headers["content-type"], status === 303 ? undefined : "application/json")
      })
  )

  it.effect("takes secrets and signature along within the origin", () =>
    Effect.gen(function*() {
      const { origin, seen } = yield* server((response, url) =>
        url === "/first" ? response.writeHead(308, { location: "/next" }).end() : response.end()
      )
      yield* perform({ url: `${origin}/first`, headers: secrets, body: { a: 1 } })
      assert.includeMembers(Object.keys(seen[1]?.headers ?? {}), names)
    }))
})
