import { connect } from "#client/Client.ts"
import { ConnectionLost, ObservatoryProblem } from "#client/Problem.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A server that gives these answers, one after the other and the last one again; it keeps the requests. */
const serving = (...answers: ReadonlyArray<Answer>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const requests: Array<IncomingMessage> = []
      const server = createServer((request, response) => {
        requests.push(request)
        answers[Math.min(requests.length, answers.length) - 1]?.(request, response)
      })
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      const address = server.address()
      const port = typeof address === "object" ? address?.port : undefined
      const url = `http://127.0.0.1:${port}`
      return { server, requests, url, client: connect({ gatewayUrl: url, readModelUrl: url, token: "secret" }) }
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

const hangUp: Answer = (request) => request.socket.destroy()
const breakOff: Answer = (_, response) => {
  response.writeHead(202, { "content-type": "application/json", "content-length": 100 })
  response.write("{", () => response.destroy())
}
const answering = (status: number, body: object): Answer => (_, response) => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
}
const accepted = answering(202, { jobId: "a", eventId: "a:1", status: "queued" })
const trouble = (call: Promise<unknown>) =>
  Effect.promise(() => call.then(() => undefined, (reason: unknown) => reason))
const keysOf = (requests: ReadonlyArray<IncomingMessage>) => requests.map(({ headers }) => headers["idempotency-key"])

describe("Waiting for a job", () => {
  it.live("goes on while the read model is away, and ends by a refusal that is final", () =>
    Effect.gen(function*() {
      const away = answering(503, { type: "urn:odto:problem:unavailable", title: "Unavailable" })
      const { client, requests } = yield* serving(
        hangUp,
        hangUp,
        away,
        answering(200, { id: "a", status: "completed" })
      )
      const job = yield* Effect.promise(() => client.waitFor("a"))
      const { client: other } = yield* serving(
        answering(404, { type: "urn:odto:problem:job-not-found", title: "none" })
      )
      const refusal = yield* trouble(other.waitFor("a"))

      assert.strictEqual(job.status, "completed")
      assert.lengthOf(requests, 4)
      assert.instanceOf(refusal, ObservatoryProblem)
    }))
})

describe("A submission", () => {
  it.live("goes out again under its key when the connection breaks", () =>
    Effect.gen(function*() {
      const { client, requests } = yield* serving(hangUp, accepted)
      yield* Effect.promise(() => client.submit({ type: "demo.noop" }))
      const [first, second] = keysOf(requests)

      assert.match(String(first), /^[0-9a-f-]{36}$/u)
      assert.strictEqual(second, first)
      assert.strictEqual(requests[0]?.headers.authorization, "Bearer secret")
    }))

  it.live("goes out again when the connection breaks in the middle of the answer", () =>
    Effect.gen(function*() {
      const { client, requests } = yield* serving(breakOff, accepted)
      const { jobId } = yield* Effect.promise(() => client.submit({ type: "demo.noop" }))
      const [first, second] = keysOf(requests)

      assert.strictEqual(jobId, "a")
      assert.strictEqual(second, first)
    }))

  it.live("goes out again when nobody knows whether it was committed", () =>
    Effect.gen(function*() {
      const unknown = answering(503, { type: "urn:odto:problem:outcome-unknown", title: "Unknown", status: 503 })
      const { client, requests } = yield* serving(unknown, accepted)
      yield* Effect.promise(() => client.submit({ type: "demo.noop" }))
      const [first, second] = keysOf(requests)

      assert.strictEqual(second, first)
    }))

  it.live("is given up after the second break", () =>
    Effect.gen(function*() {
      const { client, requests, url } = yield* serving(hangUp)
      const reason = yield* trouble(client.submit({ type: "demo.noop" }))

      assert.instanceOf(reason, ConnectionLost)
      assert.include(reason.message, url)
      assert.lengthOf(requests, 2)
    }))

  it.live("is not repeated when it was refused", () =>
    Effect.gen(function*() {
      const { client, requests } = yield* serving((_, response) => response.writeHead(502).end("<h1>Bad gateway</h1>"))
      const reason = yield* trouble(client.submit({ type: "demo.noop" }))

      assert.deepInclude(reason, { name: "ObservatoryProblem", status: 502, type: "about:blank", errors: [] })
      assert.lengthOf(requests, 1)
    }))
})

describe("What cannot be done twice", () => {
  it.live("is not repeated when the connection breaks", () =>
    Effect.gen(function*() {
      const { client, requests } = yield* serving(hangUp)
      const reason = yield* trouble(client.cancel("a"))

      assert.instanceOf(reason, ConnectionLost)
      assert.lengthOf(requests, 1)
    }))
})

describe("The events", () => {
  const block = (subject: string, sequence: number, id?: string) =>
    `${id === undefined ? "" : `id: ${id}\n`}event: odto.job.created.v1\ndata: ${
      JSON.stringify({ id: `${subject}:${sequence}`, subject, sequence })
    }\n\n`
  const streaming = (text: string): Answer => (request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(text, () => setImmediate(() => request.socket.destroy()))
  }

  it.live("go on after a break, each told once", () =>
    Effect.gen(function*() {
      const { client, requests } = yield* serving(
        streaming(`: quiet\nid: 1:1.1\n\n${block("a", 1, "1:2.2")}${block("b", 1)}`),
        streaming(`${block("b", 1)}${block("c", 1, "1:3.3")}`),
        streaming(block("d", 1, "1:4.4"))
      )
      const seen = yield* Effect.promise(async () => {
        const subjects: Array<string> = []
        for await (const item of client.events()) {
          if (item.kind === "event") subjects.push(item.event.subject)
          if (subjects.includes("d")) break
        }
        return subjects
      })

      assert.deepStrictEqual(seen, ["a", "b", "c", "d"])
      assert.deepStrictEqual(
        requests.map(({ headers }) => headers["last-event-id"]),
        [undefined, "1:2.2", "1:3.3"]
      )
    }))

  it.live("end when they are told to", () =>
    Effect.gen(function*() {
      const stop = new AbortController()
      const { client } = yield* serving((_, response) => {
        response.writeHead(200).write(block("a", 1, "1:1.1"))
      })
      const seen = yield* Effect.promise(async () => {
        const subjects: Array<string> = []
        for await (const item of client.events({ signal: stop.signal })) {
          if (item.kind === "event") subjects.push(item.event.subject)
          stop.abort()
        }
        return subjects
      })

      assert.deepStrictEqual(seen, ["a"])
    }))

  it.live("fail when the system refuses them for good", () =>
    Effect.gen(function*() {
      const { client } = yield* serving(answering(403, { type: "urn:odto:problem:forbidden", title: "No" }))
      const reason = yield* trouble((async () => {
        for await (const _ of client.events()) return
      })())

      assert.instanceOf(reason, ObservatoryProblem)
      assert.strictEqual(reason.status, 403)
    }))
})
