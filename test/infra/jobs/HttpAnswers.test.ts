import { httpRequest } from "#infra/jobs/HttpRequest.ts"
import { parseSigningKey } from "#infra/jobs/WebhookSignature.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { jobContext } from "./JobContexts.ts"
import { localServer } from "./LocalServer.ts"

const perform = (payload: object, signal?: AbortSignal, key?: Buffer) =>
  Effect.promise(() => httpRequest(key).perform(payload, jobContext(signal)))
const resultOf = Effect.fnUntraced(function*(payload: object) {
  const outcome = yield* perform(payload)
  return outcome._tag === "Completed" ? outcome.result : assert.fail(`it is ${JSON.stringify(outcome)}`)
})
const errorOf = Effect.fnUntraced(function*(payload: object, signal?: AbortSignal) {
  const outcome = yield* perform(payload, signal)
  return outcome._tag === "Failed" ? outcome.error : assert.fail(`it is ${outcome._tag}`)
})

/** HMAC by another implementation than the one that signs. */
const hmac = async (secret: Uint8Array<ArrayBuffer>, text: string): Promise<string> => {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)))
  return btoa(String.fromCharCode(...bytes))
}

describe("http.request", () => {
  it.effect("keeps status, address, type and body of the answer", () =>
    Effect.gen(function*() {
      const { asked, origin } = yield* localServer((response) =>
        response.writeHead(201, { "content-type": "text/plain" }).end("grüezi")
      )
      const result = yield* resultOf({ url: `${origin}/a?b=c` })

      assert.deepStrictEqual(result, {
        status: 201,
        url: `${origin}/a?b=c`,
        contentType: "text/plain",
        body: "grüezi",
        truncated: false
      })
      assert.deepInclude(asked[0], { method: "GET", url: "/a?b=c", body: "" })
      assert.deepInclude(asked[0]?.headers, { "odto-job-id": jobContext().jobId, "odto-attempt": "1" })
    }))

  it.effect("sends a string as it is and anything else as JSON", () =>
    Effect.gen(function*() {
      const { asked, origin } = yield* localServer((response) => response.end())
      yield* resultOf({ url: origin, body: "a=1", headers: { "content-type": "application/x-www-form-urlencoded" } })
      yield* resultOf({ url: origin, method: "PUT", body: { a: ["ü"] } })

      assert.deepStrictEqual(asked.map(({ body, headers, method }) => [method, headers["content-type"], body]), [
        ["POST", "application/x-www-form-urlencoded", "a=1"],
        ["PUT", "application/json", `{"a":["ü"]}`]
      ])
    }))

  it.effect.each(
    [[400, false], [404, false], [410, false], [408, true], [425, true], [429, true], [500, true], [503, true]] as const
  )(
    "answers of status %i fail the attempt; whether it is tried again: %s",
    ([status, retryable]) =>
      Effect.gen(function*() {
        const { origin } = yield* localServer((response) => response.writeHead(status).end("the reason"))
        const error = yield* errorOf({ url: origin })

        assert.deepInclude(error, { name: "UnexpectedStatus", retryable })
        assert.include(error.message, `${status}: the reason`)
      })
  )

  it.effect("takes for success what the job says", () =>
    Effect.gen(function*() {
      const { origin } = yield* localServer((response, { url }) =>
        response.writeHead(url === "/gone" ? 410 : 200).end()
      )
      assert.strictEqual((yield* perform({ url: `${origin}/gone`, successStatuses: [410] }))._tag, "Completed")
      assert.deepInclude(yield* errorOf({ url: origin, successStatuses: [410] }), { retryable: false })
    }))

  it.effect("fails, to be tried again, without an answer in time, with half an answer, and with none", () =>
    Effect.gen(function*() {
      const { origin } = yield* localServer((response, { url }) => {
        if (url === "/half") {
          response.writeHead(200, { "content-length": "100" })
          response.write("half", () => response.destroy())
        } else if (url === "/cut") response.destroy()
      })
      const silent = yield* errorOf({ url: `${origin}/silent`, timeoutMillis: 50 })
      const half = yield* errorOf({ url: `${origin}/half` })
      const cut = yield* errorOf({ url: `${origin}/cut` })
      const nobody = yield* errorOf({ url: "http://127.0.0.1:1/" })

      assert.strictEqual(silent.message, "no answer within 50 ms")
      assert.isTrue([silent, half, cut, nobody].every(({ retryable }) => retryable))
    }))

  it.effect("ends when the signal of the attempt fires", () =>
    Effect.gen(function*() {
      const controller = new AbortController()
      const { origin } = yield* localServer(() => controller.abort())
      const error = yield* errorOf({ url: origin }, controller.signal)

      assert.strictEqual(error.name, "AbortError")
    }))

  it.effect("keeps the beginning of a long answer, and breaks off one without end", () =>
    Effect.gen(function*() {
      const chunk = Buffer.alloc(64 * 1024, "x")
      let sent = 0
      const { origin } = yield* localServer((response, { url }) => {
        const more = () => {
          if (response.destroyed) return
          sent += chunk.length
          response.write(chunk, more)
        }
        if (url === "/long") response.end(Buffer.alloc(100_000, "y"))
        else more()
      })
      const long = yield* resultOf({ url: `${origin}/long` })
      const endless = yield* resultOf({ url: `${origin}/endless` })

      assert.deepInclude(long, { truncated: true, body: "y".repeat(16 * 1024) })
      assert.deepInclude(endless, { truncated: true, body: "x".repeat(16 * 1024) })
      assert.isBelow(sent, 100 * 1024 * 1024)
    }))

  it.effect("gives up after too many redirects", () =>
    Effect.gen(function*() {
      const { asked, origin } = yield* localServer((response) => response.writeHead(302, { location: "/again" }).end())
      const error = yield* errorOf({ url: origin })

      assert.deepInclude(error, { retryable: false, message: "more than 5 redirects" })
      assert.lengthOf(asked, 6)
    }))

  it.effect("repeats the body at the new address of a 307, and not of a 303", () =>
    Effect.gen(function*() {
      const { asked, origin } = yield* localServer((response, { url }) =>
        url.startsWith("/to-")
          ? response.writeHead(Number(url.slice("/to-".length)), { location: "/there" }).end()
          : response.end()
      )
      yield* resultOf({ url: `${origin}/to-307`, body: "b" })
      yield* resultOf({ url: `${origin}/to-303`, body: "b" })

      assert.deepStrictEqual(asked.filter(({ url }) => url === "/there").map(({ body, method }) => [method, body]), [
        ["POST", "b"],
        ["GET", ""]
      ])
    }))

  it.effect.each(["http://169.254.169.254/", "http://2852039166/", "http://[fe80::1]/", "http://100.100.100.200/"])(
    "reaches no refused address, asked for or redirected to: %s",
    (url) =>
      Effect.gen(function*() {
        const { origin } = yield* localServer((response) => response.writeHead(307, { location: url }).end())
        const [asked, redirected] = [yield* errorOf({ url }), yield* errorOf({ url: origin })]

        assert.deepInclude(asked, { name: "AddressRefused", retryable: false })
        assert.deepInclude(redirected, { name: "AddressRefused", retryable: false })
      })
  )

  it.effect.each(["Host", "content-length", "Transfer-Encoding", "connection", "webhook-signature"])(
    "does not let a job set the header %s",
    (name) =>
      Effect.gen(function*() {
        const { asked, origin } = yield* localServer((response) => response.end())
        const error = yield* errorOf({ url: origin, headers: { [name]: "1" } })

        assert.isFalse(error.retryable)
        assert.lengthOf(asked, 0)
      })
  )

  it.effect("signs bodies by Standard Webhooks, and nothing else", () =>
    Effect.gen(function*() {
      const secret = new Uint8Array(32).fill(9)
      const key = parseSigningKey(`whsec_${btoa(String.fromCharCode(...secret))}`)
      const { asked, origin } = yield* localServer((response) => response.end())
      yield* perform({ url: origin, body: { price: "10 €" } }, undefined, key)
      yield* perform({ url: origin }, undefined, key)
      const [signed, plain] = asked
      const { "webhook-id": id, "webhook-signature": signature, "webhook-timestamp": timestamp } = signed?.headers ?? {}
      const expected = yield* Effect.promise(() => hmac(secret, `${String(id)}.${String(timestamp)}.${signed?.body}`))

      assert.strictEqual(signature, `v1,${expected}`)
      assert.strictEqual(id, jobContext().jobId)
      assert.isBelow(Math.abs(Number(timestamp) - Date.now() / 1_000), 10)
      assert.notProperty(plain?.headers, "webhook-signature")
    }))
})
