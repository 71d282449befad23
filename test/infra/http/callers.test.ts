import * as bearerToken from "#infra/http/bearerToken.ts"
import * as GatewayServer from "#infra/http/GatewayServer.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { TokenStore } from "#services/ports/TokenStore.ts"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { createServer } from "node:http"
import { until } from "../../support/until.ts"
import { call, open } from "./call.ts"
import * as Programs from "./Programs.ts"

const problemOf = ({ json }: { readonly json: Record<string, unknown> }) => String(json["type"]).split(":").at(-1)
const noop = { type: "demo.noop" }
const admin = { name: "test", role: "admin" } as const

/** Tokens are asked for; there is one, or the servers would not start. */
const guarded = (options = {}) => {
  const first = bearerToken.make()
  const someToken = Layer.effectDiscard(
    Effect.flatMap(TokenStore, (tokens) => tokens.create({ name: "first", role: "viewer", hash: first.hash }, admin))
  )
  return Programs.layer({ requireTokens: true, ...options, before: someToken })
}

layer(guarded({ webhookToken: Redacted.make("from-alertmanager"), requestsPerSecond: 50 }), {
  excludeTestServices: true
})("Tokens", (it) => {
  it.effect("are needed, and the refusal says so", () =>
    Effect.gen(function*() {
      const { gateway, readModel } = yield* Programs.Urls
      const submit = yield* call(`${gateway}/jobs`, { body: noop })
      const stats = yield* call(`${readModel}/stats`)

      for (const answer of [submit, stats]) {
        assert.strictEqual(answer.status, 401)
        assert.strictEqual(problemOf(answer), "unauthorized")
        assert.match(String(answer.headers["www-authenticate"]), /^Bearer/u)
      }
    }))

  it.effect("that are unknown, malformed or of another scheme are refused", () =>
    Effect.gen(function*() {
      const { readModel } = yield* Programs.Urls
      const answers = yield* Effect.forEach([
        `Bearer ${bearerToken.make().token}`,
        "Bearer nonsense",
        "Basic YTpi",
        "Bearer"
      ], (authorization) => call(`${readModel}/stats`, { headers: { authorization } }))

      assert.deepStrictEqual(answers.map(({ status }) => status), [401, 401, 401, 401])
    }))

  it.effect("permit what their role permits, and no more", () =>
    Effect.gen(function*() {
      const { gateway, readModel } = yield* Programs.Urls
      const roles = ["viewer", "operator", "admin"] as const
      const statuses = yield* Effect.forEach(roles, (role) =>
        Effect.gen(function*() {
          const token = yield* Programs.tokenOf(role, `role-${role}`)
          const read = yield* call(`${readModel}/stats`, { token })
          const submit = yield* call(`${gateway}/jobs`, { body: noop, token })
          const tokens = yield* call(`${gateway}/tokens`, { token })
          const rebuild = yield* call(`${readModel}/rebuild/live`, { method: "POST", token })
          return [read.status, submit.status, tokens.status, rebuild.status]
        }))

      assert.deepStrictEqual(statuses, [[200, 403, 403, 403], [200, 202, 403, 403], [200, 202, 200, 202]])
    }))

  it.effect("that do not permit it are told what would", () =>
    Effect.gen(function*() {
      const { gateway } = yield* Programs.Urls
      const token = yield* Programs.tokenOf("viewer", "looker")
      const answer = yield* call(`${gateway}/jobs`, { body: noop, token })

      assert.deepInclude(answer.json, { role: "viewer", needs: "operator" })
    }))

  it.effect("are made, listed and revoked by an admin; only the maker sees the token, and a name is used once", () =>
    Effect.gen(function*() {
      const { gateway } = yield* Programs.Urls
      const token = yield* Programs.tokenOf("admin", "maker")
      const created = yield* call(`${gateway}/tokens`, { body: { name: "ci", role: "operator" }, token })
      const own = String(created.json["token"])
      const used = yield* call(`${gateway}/jobs`, { body: noop, token: own })
      const again = yield* call(`${gateway}/tokens`, { body: { name: "ci", role: "operator" }, token })
      const list = yield* call(`${gateway}/tokens`, { token })
      const revoked = yield* call(`${gateway}/tokens/ci`, { method: "DELETE", token })
      const unknown = yield* call(`${gateway}/tokens/nobody`, { method: "DELETE", token })
      const malformed = yield* call(`${gateway}/tokens`, { body: { name: "c i", role: "king" }, token })

      assert.strictEqual(created.status, 201)
      assert.isTrue(bearerToken.isPlausible(own))
      assert.strictEqual(used.status, 202)
      assert.deepStrictEqual([again.status, problemOf(again)], [409, "token-name-taken"])
      assert.notInclude(list.text, own)
      assert.notInclude(list.text, bearerToken.hash(own))
      assert.strictEqual(revoked.status, 204)
      assert.deepStrictEqual([unknown.status, problemOf(unknown)], [404, "unknown-token"])
      assert.strictEqual(malformed.status, 400)
    }))

  it.effect("that are revoked die within seconds, open streams included", () =>
    Effect.gen(function*() {
      const { gateway, readModel } = yield* Programs.Urls
      const tokens = yield* TokenStore
      const token = yield* Programs.tokenOf("operator", "leaving")
      assert.strictEqual((yield* call(`${gateway}/jobs`, { body: noop, token })).status, 202)
      const stream = yield* open(`${readModel}/stream`, { token })
      yield* tokens.revoke("leaving", admin)
      yield* until(call(`${gateway}/jobs`, { body: noop, token }), ({ status }) => status === 401)
      yield* stream.ended

      assert.strictEqual(stream.status, 200)
      assert.include(yield* stream.text, "id: ")
    }), 9_000)

  it.effect("still open what is not in the store while the store is away", () =>
    Effect.gen(function*() {
      const { gateway, readModel } = yield* Programs.Urls
      const faults = yield* MemoryFaults
      const token = yield* Programs.tokenOf("operator", "patient")
      yield* call(`${readModel}/stats`, { token })
      yield* call(`${gateway}/jobs`, { body: noop, token })
      yield* faults.outage
      const [known, unknown] = yield* Effect.all([
        call(`${readModel}/stats`, { token }),
        call(`${readModel}/stats`, { token: bearerToken.make().token })
      ]).pipe(Effect.ensuring(faults.restore))

      assert.deepStrictEqual([known.status, unknown.status], [200, 503])
    }))

  it.effect("are not needed by probes, documents and Prometheus", () =>
    Effect.gen(function*() {
      const { gateway, readModel } = yield* Programs.Urls
      const paths = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"]
      const answers = yield* Effect.forEach([gateway, readModel], (base) =>
        Effect.forEach(paths, (path) => call(base + path)))

      assert.deepStrictEqual(
        answers.flat().map(({ status }) =>
          status
        ),
        [...paths, ...paths].map(() => 200)
      )
    }))

  it.effect("are told to slow down when they ask too often, each by itself", () =>
    Effect.gen(function*() {
      const { readModel } = yield* Programs.Urls
      const token = yield* Programs.tokenOf("viewer", "eager")
      const other = yield* Programs.tokenOf("viewer", "calm")
      const answers = yield* Effect.forEach(Array.from({ length: 130 }), () => call(`${readModel}/types`, { token }), {
        concurrency: 10
      })
      const limited = answers.find(({ status }) => status === 429)

      assert.isDefined(limited)
      assert.strictEqual(limited?.headers["retry-after"], "1")
      assert.strictEqual((yield* call(`${readModel}/types`, { token: other })).status, 200)
    }))

  it.effect("that nobody knows are not looked up for ever", () =>
    Effect.gen(function*() {
      const { gateway } = yield* Programs.Urls
      const answers = yield* Effect.forEach(
        Array.from({ length: 130 }),
        () => call(`${gateway}/tokens`, { token: bearerToken.make().token }),
        { concurrency: 10 }
      )

      assert.include(answers.map(({ status }) => status), 429)
    }))
})

const alertmanager = { version: "4", status: "firing", alerts: [] }

layer(Programs.layer({ webhookToken: Redacted.make("from-alertmanager") }), { excludeTestServices: true })(
  "The alert webhook",
  (it) => {
    it.effect("takes Alertmanager's own token or an operator's, and nothing without one, on loopback too", () =>
      Effect.gen(function*() {
        const { readModel } = yield* Programs.Urls
        const post = (token?: string) =>
          call(`${readModel}/webhook/alerts`, { body: alertmanager, ...(token === undefined ? {} : { token }) })
        const operator = yield* Programs.tokenOf("operator", "on-call")
        const viewer = yield* Programs.tokenOf("viewer", "watcher")
        const answers = yield* Effect.forEach([undefined, "guess", viewer, operator, "from-alertmanager"], post)

        assert.deepStrictEqual(answers.map(({ status }) => status), [401, 401, 403, 200, 200])
      }))

    it.effect("has a token that opens nothing else", () =>
      Effect.gen(function*() {
        const { readModel } = yield* Programs.Urls
        const answer = yield* call(`${readModel}/stats`, { token: "from-alertmanager" })

        assert.strictEqual(answer.status, 401)
      }))
  }
)

layer(Programs.layer({ allowedHosts: ["observatory.internal", "ui.internal:8081"] }), { excludeTestServices: true })(
  "Without tokens, on loopback",
  (it) => {
    const read = (headers: Record<string, string>) =>
      Effect.flatMap(Programs.Urls, ({ readModel }) => call(`${readModel}/types`, { headers }))
    const submit = (headers: Record<string, string>) =>
      Effect.flatMap(Programs.Urls, ({ gateway }) => call(`${gateway}/jobs`, { body: noop, headers }))

    it.effect("answers under the names of this machine and the names it was given", () =>
      Effect.gen(function*() {
        const hosts = [
          "localhost",
          "localhost:3000",
          "127.0.0.1",
          "127.0.0.1:99",
          "[::1]",
          "[::1]:8080",
          "LOCALHOST",
          "observatory.internal",
          "observatory.internal:8080"
        ]
        const answers = yield* Effect.forEach(hosts, (host) => read({ host }))

        assert.deepStrictEqual(answers.map(({ status }) => status), hosts.map(() => 200))
      }))

    it.effect("refuses every other Host: a name of a stranger may point here", () =>
      Effect.gen(function*() {
        const hosts = [
          "evil.example",
          "localhost.evil.example",
          "127.0.0.1.evil.example",
          "evil.example:3000",
          "ui.internal"
        ]
        const answers = yield* Effect.forEach(hosts, (host) => read({ host }))

        assert.deepStrictEqual(
          answers.map((answer) => [answer.status, problemOf(answer)]),
          hosts.map(() => [403, "foreign-host"])
        )
      }))

    it.effect("refuses requests from pages of other origins, whatever their method", () =>
      Effect.gen(function*() {
        const host = "localhost:3000"
        const origins = [
          "https://evil.example",
          "http://localhost:5173",
          "null",
          "http://evil.example/http://localhost:3000"
        ]
        const answers = yield* Effect.forEach(origins, (origin) =>
          Effect.all([read({ host, origin }), submit({ host, origin })]))
        const refused = answers.flat()

        assert.deepStrictEqual(
          refused.map((answer) => [answer.status, problemOf(answer)]),
          refused.map(() => [403, "foreign-origin"])
        )
      }))

    it.effect("answers its own pages and those of origins that it was given", () =>
      Effect.gen(function*() {
        const host = "localhost:3000"
        const origins = ["http://localhost:3000", "http://ui.internal:8081", "http://observatory.internal"]
        const answers = yield* Effect.forEach(origins, (origin) => submit({ host, origin }))

        assert.deepStrictEqual(answers.map(({ status }) => status), [202, 202, 202])
      }))

    it.effect("lets no page ask whether it may: no CORS", () =>
      Effect.gen(function*() {
        const { gateway } = yield* Programs.Urls
        const preflight = yield* call(`${gateway}/jobs`, {
          method: "OPTIONS",
          headers: { "access-control-request-method": "POST", "access-control-request-headers": "content-type" }
        })
        const answer = yield* read({})

        assert.strictEqual(preflight.status, 405)
        for (const { headers } of [preflight, answer]) {
          assert.deepStrictEqual(Object.keys(headers).filter((name) => name.startsWith("access-control-")), [])
        }
      }))

    it.effect("refuses what a form of a foreign page can send, also where no body is wanted", () =>
      Effect.gen(function*() {
        const { gateway } = yield* Programs.Urls
        const answer = yield* call(`${gateway}/queues/default/pause`, {
          body: "a=b",
          headers: { "content-type": "application/x-www-form-urlencoded" }
        })

        assert.deepStrictEqual([answer.status, problemOf(answer)], [415, "unsupported-media-type"])
      }))

    it.effect("still looks at a token that is sent", () =>
      Effect.gen(function*() {
        const { readModel } = yield* Programs.Urls
        const answer = yield* call(`${readModel}/types`, { token: bearerToken.make().token })

        assert.strictEqual(answer.status, 401)
      }))
  }
)

describe("A server that cannot start", () => {
  it.live("beyond loopback asks for a first token before it listens", () =>
    Effect.gen(function*() {
      const failure = yield* Programs.gateway({ host: "0.0.0.0" }).pipe(
        Layer.provide(Layer.fresh(Programs.ports)),
        Layer.build,
        Effect.flip
      )

      assert.strictEqual(failure._tag, "NoTokenYet")
      assert.include(failure.message, "odd-dashboard token create")
    }))

  it.live("counts a revoked token as none", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.gen(function*() {
        const tokens = yield* TokenStore
        yield* Programs.tokenOf("admin", "gone")
        yield* tokens.revoke("gone", admin)
        return yield* Effect.flip(Layer.build(Programs.gateway({ host: "0.0.0.0" })))
      }).pipe(Effect.provide(Layer.fresh(Programs.ports)))

      assert.strictEqual(failure._tag, "NoTokenYet")
    }))

  it.live("names the taken port and the variable that chooses another", () =>
    Effect.gen(function*() {
      const holder = yield* Effect.acquireRelease(
        Effect.callback<import("node:http").Server>((resume) => {
          const server = createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => void server.close())
      )
      const address = holder.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const failure = yield* GatewayServer.layer({ port, portVariable: "ODTO_GATEWAY_PORT" }).pipe(
        Layer.provide(Layer.fresh(Programs.gatewayNeeds)),
        Layer.build,
        Effect.flip
      )

      assert.deepInclude(failure, { _tag: "CannotListen", port, code: "EADDRINUSE", portVariable: "ODTO_GATEWAY_PORT" })
      assert.strictEqual(failure.message, `port ${port} is taken; choose another one with ODTO_GATEWAY_PORT`)
    }))
})
