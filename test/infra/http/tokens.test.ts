import * as bearerToken from "#infra/http/bearerToken.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { TokenStore } from "#services/ports/TokenStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { until } from "../../support/until.ts"
import { call, open, problemOf } from "./call.ts"
import * as Programs from "./Programs.ts"

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

layer(guarded({ webhookToken: Redacted.make("from-alertmanager"), requestsPerSecond: 5 }), {
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
      const limited = yield* until(call(`${readModel}/types`, { token }), ({ status }) => status === 429)

      assert.strictEqual(limited.headers["retry-after"], "1")
      assert.strictEqual((yield* call(`${readModel}/types`, { token: other })).status, 200)
    }))

  it.effect("that nobody knows are not looked up for ever", () =>
    Effect.gen(function*() {
      const { gateway } = yield* Programs.Urls
      const limited = yield* until(
        call(`${gateway}/tokens`, { token: bearerToken.make().token }),
        ({ status }) => status === 429
      )
      const faults = yield* MemoryFaults
      yield* faults.outage
      const again = yield* call(`${gateway}/tokens`, { token: bearerToken.make().token }).pipe(
        Effect.ensuring(faults.restore)
      )

      assert.strictEqual(problemOf(limited), "too-many-requests")
      assert.strictEqual(again.status, 429, "the store was asked")
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
