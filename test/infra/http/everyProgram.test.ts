import { GatewayApi } from "#domain/contract/GatewayApi.ts"
import { ReadModelApi } from "#domain/contract/ReadModelApi.ts"
import { GatewayServer } from "#infra/http/GatewayServer.ts"
import * as OpsServer from "#infra/http/OpsServer.ts"
import * as Health from "#services/Health.ts"
import { BrokerFaults } from "#services/ports/memory/MemoryBroker.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { Metrics } from "#services/ports/Metrics.ts"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope } from "effect"
import { connect } from "node:net"
import { until } from "../../support/until.ts"
import { type Answer, call, problemOf } from "./call.ts"
import * as Programs from "./Programs.ts"

const both = (path: string, options: Parameters<typeof call>[1] = {}) =>
  Effect.flatMap(
    Programs.Urls,
    ({ gateway, readModel }) => Effect.all([call(gateway + path, options), call(readModel + path, options)])
  )
/** Bytes as they are, and what comes back. */
const raw = (url: string, bytes: string) =>
  Effect.callback<string>((resume) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(bytes))
    let text = ""
    socket.on("data", (data) => {
      text += data.toString("utf8")
    })
    socket.on("error", () => undefined)
    socket.on("close", () => resume(Effect.succeed(text)))
  })

layer(Programs.layer(), { excludeTestServices: true })("Every program", (it) => {
  it.effect("says that it is alive, and which version it is", () =>
    Effect.gen(function*() {
      const [gateway, readModel] = yield* both("/healthz")

      assert.deepStrictEqual(gateway.json, { status: "alive", program: "gateway", version: "1.2.3" })
      assert.strictEqual(readModel.json["program"], "read-model")
      assert.strictEqual((yield* both("/healthz", { method: "HEAD" }))[0].status, 200)
    }))

  it.effect("names its dependencies, and is ready without those that it can do without", () =>
    Effect.gen(function*() {
      const stores = yield* MemoryFaults
      const broker = yield* BrokerFaults
      const pause = Effect.sleep("1100 millis") // probes share an answer for a second
      const [ready] = yield* both("/readyz")
      yield* broker.outage
      yield* pause
      const [degraded] = yield* both("/readyz").pipe(Effect.ensuring(broker.restore))
      yield* stores.outage
      yield* pause
      const [notReady] = yield* both("/readyz").pipe(Effect.ensuring(stores.restore))
      yield* pause
      const [again] = yield* both("/readyz")
      const dependency = (answer: Answer, name: string) => {
        const list = answer.json["dependencies"]
        return Array.isArray(list) ? list.find((one) => one.name === name) : undefined
      }

      assert.deepStrictEqual([ready.status, ready.json["status"]], [200, "ready"])
      assert.deepStrictEqual([degraded.status, degraded.json["status"]], [200, "degraded"])
      assert.deepInclude(dependency(degraded, "broker"), {
        state: "down",
        required: false,
        detail: "an outage was asked for"
      })
      assert.deepStrictEqual([notReady.status, notReady.json["status"]], [503, "not-ready"])
      assert.strictEqual(notReady.headers["content-type"], "application/json")
      assert.deepInclude(dependency(notReady, "memory"), { state: "down", required: true })
      assert.strictEqual(again.json["status"], "ready")
    }))

  it.effect("tells Prometheus of a dependency that is away, whether or not anybody probes", () =>
    Effect.gen(function*() {
      const broker = yield* BrokerFaults
      yield* Effect.sleep("1100 millis") // past the shared answer of other tests
      yield* broker.outage
      const [{ text }] = yield* both("/metrics").pipe(Effect.ensuring(broker.restore))
      yield* Effect.sleep("1100 millis")
      const [again] = yield* both("/metrics")

      assert.include(text, "odto_dependency_up{dependency=\"broker\"} 0")
      assert.include(text, "odto_dependency_up{dependency=\"memory\"} 1")
      assert.include(again.text, "odto_dependency_up{dependency=\"broker\"} 1")
    }))

  it.effect("counts its requests under the routes that it has, whatever is asked for", () =>
    Effect.gen(function*() {
      yield* both("/jobs/0197a5f0-0000-7000-8000-000000000001/cancel", { method: "POST" })
      yield* Effect.forEach(["/wp-admin", "/a/b/c", "/jobs/x/y/z"], (path) => both(path))
      const [{ headers, text }] = yield* both("/metrics")
      const routes = new Set(
        [...text.matchAll(/odto_http_requests_total\{route="([^"]*)"/gu)].map(([, route]) => route)
      )

      assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/u)
      assert.include(text, "odto_http_requests_total{route=\"/jobs/:jobId/cancel\",method=\"POST\",status=\"4xx\"} 1")
      assert.include(text, "odto_dependency_up{dependency=\"memory\"} 1")
      assert.include(text, "odto_http_request_duration_seconds")
      assert.includeMembers([...routes], ["unmatched", "/healthz", "/readyz"])
      assert.isTrue([...routes].every((route) => route === "unmatched" || String(route).startsWith("/")))
      assert.notInclude(text, "wp-admin")
    }))

  it.effect("has nothing at other addresses, and says which methods an address takes", () =>
    Effect.gen(function*() {
      const [nothing] = yield* both("/nothing?a=b")
      const [wrongMethod, reads] = yield* both("/jobs", { method: "PUT" })
      const { gateway } = yield* Programs.Urls
      const cancel = yield* call(`${gateway}/jobs/0197a5f0-0000-7000-8000-000000000001/cancel`)

      assert.deepStrictEqual([nothing.status, problemOf(nothing)], [404, "route-not-found"])
      assert.deepStrictEqual([wrongMethod.status, problemOf(wrongMethod)], [405, "method-not-allowed"])
      assert.strictEqual(wrongMethod.headers["allow"], "POST")
      assert.strictEqual(reads.headers["allow"], "GET, HEAD")
      assert.deepStrictEqual([cancel.status, cancel.headers["allow"]], [405, "POST"])
    }))

  it.effect("names every exchange, by the client's name for it where that is usable", () =>
    Effect.gen(function*() {
      const [given] = yield* both("/healthz", { headers: { "x-request-id": "abc-1" } })
      const [one, other] = yield* both("/healthz", { headers: { "x-request-id": "a b\"c" } })

      assert.strictEqual(given.headers["x-request-id"], "abc-1")
      assert.match(String(one.headers["x-request-id"]), /^[a-z0-9]{8}-[a-z0-9]+$/u)
      assert.notStrictEqual(one.headers["x-request-id"], other.headers["x-request-id"])
    }))

  it.effect("asks browsers not to keep or guess at answers", () =>
    Effect.gen(function*() {
      const [{ headers }] = yield* both("/healthz")

      assert.deepInclude(headers, { "cache-control": "no-store", "x-content-type-options": "nosniff" })
    }))

  it.effect("answers what is not HTTP, or too much of it, with a problem", () =>
    Effect.gen(function*() {
      const { gateway } = yield* Programs.Urls
      const nonsense = yield* raw(gateway, "HELLO\r\n\r\n")
      const large = yield* raw(gateway, `GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: ${"x".repeat(20_000)}\r\n\r\n`)

      assert.match(nonsense, /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*malformed-request/u)
      assert.match(large, /^HTTP\/1\.1 431 [\s\S]*headers-too-large/u)
    }))

  it.effect("describes itself: every endpoint, nothing else, and the roles that they need", () =>
    Effect.gen(function*() {
      const [gateway, readModel] = yield* both("/openapi.json")
      const described = ({ json }: Answer) =>
        Object.entries(json["paths"] ?? {}).flatMap(([path, methods]) =>
          Object.keys(methods).map((method) => `${method} ${path}`)
        ).toSorted()
      const defined = (
        groups: Record<string, { readonly endpoints: Record<string, { method: string; path: string }> }>
      ) =>
        Object.values(groups).flatMap(({ endpoints }) =>
          Object.values(endpoints).map(({ method, path }) =>
            `${method.toLowerCase()} ${path.replace(/:([A-Za-z]+)/gu, "{$1}")}`
          )
        ).toSorted()

      assert.strictEqual(gateway.json["openapi"], "3.1.0")
      assert.deepStrictEqual(described(gateway), defined(GatewayApi.groups))
      assert.deepStrictEqual(described(readModel), defined(ReadModelApi.groups))
      assert.include(gateway.text, "\"x-odto-role\":\"admin\"")
      assert.notInclude(gateway.text + readModel.text, "Encoded\"")
      const references = [...(gateway.text + readModel.text).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/gu)]
      for (const [, name] of references) assert.include(gateway.text + readModel.text, `"${name}":{`)
    }))

  it.effect("shows its description on a page that loads nothing from elsewhere; the root leads there", () =>
    Effect.gen(function*() {
      const [root] = yield* both("/")
      const [docs, again] = yield* both("/docs")
      const markup = docs.text.replaceAll(/<(script|style)[^>]*>[\s\S]*?<\/\1>/gu, "<$1></$1>")
      const policy = String(docs.headers["content-security-policy"])

      assert.deepStrictEqual([root.status, root.headers["location"]], [302, "/docs"])
      assert.deepStrictEqual([docs.status, again.status], [200, 200])
      assert.match(String(docs.headers["content-type"]), /^text\/html/u)
      assert.include(docs.text, "/jobs/batch")
      // What the page itself would load, and what its scripts and styles may load at all.
      assert.notMatch(markup, /(src|href|action|data)\s*=\s*["']?(https?:)?\/\//iu)
      assert.notMatch(markup, /<(link|iframe|img|object|embed|base)\b/iu)
      assert.include(policy, "default-src 'none'")
      assert.notMatch(policy, /https?:|\*/u)
      for (const directive of policy.split("; ")) {
        assert.match(directive, /^[a-z-]+ ('none'|'self'|'unsafe-inline'|data:)$/u)
      }
    }))
})

describe("A program without an API", () => {
  it.live("answers probes under any name, and has no documents", () =>
    Effect.gen(function*() {
      const { url } = yield* OpsServer.OpsServer
      const alive = yield* call(`${url}/healthz`, { headers: { host: "dispatcher.odto.svc:9101" } })
      const ready = yield* call(`${url}/readyz`)
      const metrics = yield* call(`${url}/metrics`)
      const noDocs = yield* call(`${url}/docs`)

      assert.deepStrictEqual(alive.json, { status: "alive", program: "dispatcher", version: "1.2.3" })
      assert.deepInclude(ready.json, { status: "ready", dependencies: [] })
      assert.include(metrics.text, "route=\"/readyz\"")
      assert.deepStrictEqual([noDocs.status, problemOf(noDocs)], [404, "route-not-found"])
    }).pipe(Effect.provide(
      OpsServer.layer({ port: 0, portVariable: "ODTO_OPS_PORT" }).pipe(
        Layer.provide(
          Health.Health.layer({ program: "dispatcher", version: "1.2.3", dependencies: Effect.succeed([]) })
        ),
        Layer.provide(Metrics.layerMemory)
      )
    )))
})

describe("A program that stops", () => {
  it.live("gives what it is answering a moment, and then cuts it", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Programs.gateway({ grace: "500 millis" }), scope)
      const { url } = yield* Effect.provide(GatewayServer, context)
      const stores = yield* MemoryFaults
      yield* stores.order("JobStore.cancel", { _tag: "Hang" })
      const hanging = yield* Effect.forkChild(
        raw(
          url,
          "POST /jobs/0197a5f0-0000-7000-8000-000000000001/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        ),
        { startImmediately: true }
      )
      const endless = yield* Effect.forkChild(
        raw(
          url,
          "POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        ),
        { startImmediately: true }
      )
      yield* until(call(`${url}/metrics`), ({ text }) => text.includes("odto_http_requests_in_flight{} 3"))
      const stoppingAt = performance.now()
      yield* Scope.close(scope, Exit.void)
      const took = performance.now() - stoppingAt
      yield* Fiber.join(hanging)
      yield* Fiber.join(endless)

      assert.isAtLeast(took, 400)
      assert.isBelow(took, 3_000)
    }).pipe(Effect.provide(Programs.ports)), 20_000)
})
