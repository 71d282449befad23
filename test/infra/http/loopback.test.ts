import * as bearerToken from "#infra/http/bearerToken.ts"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { call, problemOf } from "./call.ts"
import * as Programs from "./Programs.ts"

const noop = { type: "demo.noop" }

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
