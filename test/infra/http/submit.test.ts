import { JobId, maxPayloadBytes } from "#domain/Job.ts"
import { maxRequestBytes } from "#infra/http/requestBody.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { connect } from "node:net"
import { type Call, call, errorPathsOf } from "./call.ts"
import * as Programs from "./Programs.ts"

const mail = { type: "mail.send", payload: { to: "a@b.example" } }

const submit = (body: unknown, rest: Call = {}) =>
  Effect.flatMap(Programs.Urls, ({ gateway }) => call(`${gateway}/jobs`, { body, ...rest }))
const stored = (jobId: unknown) =>
  Effect.flatMap(JobQueries, (queries) => queries.get(JobId.make(String(jobId)))).pipe(
    Effect.flatMap(Effect.fromOption)
  )

layer(Programs.layer({ readModelUrl: "http://read-model" }), { excludeTestServices: true })("POST /jobs", (it) => {
  it.effect("commits the job and says where it can be read", () =>
    Effect.gen(function*() {
      const { headers, json, status } = yield* submit({ ...mail, tags: ["a"], correlationId: "order-7", priority: 9 })
      const job = yield* stored(json["jobId"])

      assert.strictEqual(status, 202)
      assert.deepStrictEqual(Object.keys(json), ["jobId", "eventId", "status"])
      assert.strictEqual(json["status"], "queued")
      assert.strictEqual(json["eventId"], `${String(json["jobId"])}:1`)
      assert.strictEqual(headers["location"], `http://read-model/jobs/${String(json["jobId"])}`)
      assert.isUndefined(headers["idempotency-replayed"])
      assert.deepStrictEqual(
        [job.type, job.queue, job.priority, job.maxAttempts].map(String),
        ["mail.send", "default", "9", "3"]
      )
      assert.deepStrictEqual(job.payload, mail.payload)
    }))

  it.effect("says scheduled of a job that is for later", () =>
    Effect.gen(function*() {
      const { json } = yield* submit({ ...mail, runAt: "2999-01-01T00:00:00Z" })

      assert.strictEqual(json["status"], "scheduled")
    }))

  it.effect("answers a repeated request like the first, and says that it does", () =>
    Effect.gen(function*() {
      const headers = { "idempotency-key": "once-1" }
      const first = yield* submit(mail, { headers })
      const again = yield* submit({ payload: { to: "a@b.example" }, type: "mail.send" }, { headers })
      const inBody = yield* submit({ ...mail, idempotencyKey: "once-1" })

      assert.deepStrictEqual([again.status, inBody.status], [202, 202])
      assert.deepStrictEqual(again.json, first.json)
      assert.deepStrictEqual(inBody.json, first.json)
      assert.isUndefined(first.headers["idempotency-replayed"])
      assert.strictEqual(again.headers["idempotency-replayed"], "true")
    }))

  it.effect("refuses a known key with another body and names the first job", () =>
    Effect.gen(function*() {
      const headers = { "idempotency-key": "once-2" }
      const first = yield* submit(mail, { headers })
      const other = yield* submit({ ...mail, priority: 1 }, { headers })

      assert.strictEqual(other.status, 409)
      assert.strictEqual(other.json["type"], "urn:odto:problem:idempotency-key-conflict")
      assert.strictEqual(other.json["jobId"], first.json["jobId"])
    }))

  it.effect("refuses a key in the header that differs from the one in the body", () =>
    Effect.gen(function*() {
      const answer = yield* submit({ ...mail, idempotencyKey: "a" }, { headers: { "idempotency-key": "b" } })

      assert.strictEqual(answer.status, 400)
      assert.deepStrictEqual(errorPathsOf(answer), ["/idempotency-key"])
    }))

  it.effect("keeps the trace of the request, and ignores one that is invalid", () =>
    Effect.gen(function*() {
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      const traced = yield* submit(mail, { headers: { traceparent } })
      const untraced = yield* submit(mail, { headers: { traceparent: "00-zero-zero-01" } })

      assert.strictEqual((yield* stored(traced.json["jobId"])).traceparent, traceparent)
      assert.strictEqual(untraced.status, 202)
      assert.isNull((yield* stored(untraced.json["jobId"])).traceparent)
    }))

  for (
    const [what, call, status, type] of [
      ["a body that is not JSON", { body: "{\"type\":" }, 400, "malformed-json"],
      ["a body that is not UTF-8 text", { body: "", method: "POST" }, 400, "malformed-json"],
      [
        "another content type",
        { body: "{}", headers: { "content-type": "text/plain" } },
        415,
        "unsupported-media-type"
      ],
      [
        "a form",
        {
          body: "type=mail.send",
          headers: { "content-type": "application/x-www-form-urlencoded" }
        },
        415,
        "unsupported-media-type"
      ],
      [
        "another charset",
        {
          body: "{}",
          headers: { "content-type": "application/json; charset=latin1" }
        },
        415,
        "unsupported-media-type"
      ],
      ["a type that nobody registered", { body: { type: "no.such" } }, 422, "unknown-type"]
    ] satisfies ReadonlyArray<readonly [string, Call, number, string]>
  ) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function*() {
        const answer = yield* submit(call.body, call)

        assert.strictEqual(answer.status, status)
        assert.strictEqual(answer.headers["content-type"], "application/problem+json")
        assert.strictEqual(answer.json["type"], `urn:odto:problem:${type}`)
        assert.strictEqual(answer.json["status"], status)
        assert.isString(answer.json["title"])
        assert.isString(answer.json["detail"])
        assert.strictEqual(answer.json["instance"], `urn:odto:request:${String(answer.headers["x-request-id"])}`)
      }))
  }

  for (
    const [what, body, status, paths] of [
      ["an unknown field", { ...mail, prioritty: 3 }, 400, ["/prioritty"]],
      ["a field out of range", { ...mail, priority: 10 }, 400, ["/priority"]],
      ["several wrong fields, all at once", { type: "mail.send", queue: "Not A Queue", maxAttempts: 0 }, 400, [
        "/queue",
        "/maxAttempts"
      ]],
      ["a missing type", { payload: {} }, 400, ["/type"]],
      ["a payload that is no object", { type: "demo.noop", payload: [] }, 400, ["/payload"]],
      ["an instant that is none", { ...mail, runAt: "tomorrow" }, 400, ["/runAt"]],
      [
        "instants that no store keeps",
        { ...mail, runAt: "+010000-01-01T00:00:00Z", deadline: "-271821-04-20T00:00:00Z" },
        400,
        ["/runAt", "/deadline"]
      ],
      ["a body that is no object", [mail], 400, [""]],
      ["a payload without a field that its type needs", { type: "mail.send", payload: {} }, 422, ["/payload/to"]],
      [
        "a payload with a field that its type does not know",
        {
          type: "mail.send",
          payload: { to: "abc", cc: "x" }
        },
        422,
        ["/payload/cc"]
      ],
      ["U+0000 in a payload", "{\"type\":\"demo.noop\",\"payload\":{\"a\":[\"b\",\"c\\u0000\"]}}", 422, [
        "/payload/a/1"
      ]],
      ["half of a surrogate pair", "{\"type\":\"demo.noop\",\"payload\":{\"a\":\"\\ud800\"}}", 422, ["/payload/a"]],
      ["U+0000 in a key", "{\"type\":\"demo.noop\",\"payload\":{\"a\\u0000\":1}}", 422, ["/payload"]]
    ] satisfies ReadonlyArray<readonly [string, unknown, number, ReadonlyArray<string>]>
  ) {
    it.effect(`refuses ${what}, and names the field`, () =>
      Effect.gen(function*() {
        const answer = yield* submit(body)

        assert.strictEqual(answer.status, status)
        assert.sameMembers([...errorPathsOf(answer)], [...paths])
      }))
  }

  it.effect("takes text beyond the basic plane and escapes that are fine", () =>
    Effect.gen(function*() {
      const answer = yield* submit("{\"type\":\"demo.noop\",\"payload\":{\"a\":\"\\ud83d\\ude00 \\u00e9 😀\"}}")

      assert.strictEqual(answer.status, 202)
      assert.deepStrictEqual((yield* stored(answer.json["jobId"])).payload, { a: "😀 é 😀" })
    }))

  it.effect("takes a payload of the largest size and refuses one byte more", () =>
    Effect.gen(function*() {
      const payload = (bytes: number) => ({ text: "x".repeat(bytes - "{\"text\":\"\"}".length) })
      const largest = yield* submit({ type: "demo.noop", payload: payload(maxPayloadBytes) })
      const larger = yield* submit({ type: "demo.noop", payload: payload(maxPayloadBytes + 1) })

      assert.strictEqual(largest.status, 202)
      assert.strictEqual(larger.status, 413)
      assert.strictEqual(larger.json["type"], "urn:odto:problem:payload-too-large")
      assert.deepStrictEqual(errorPathsOf(larger), ["/payload"])
    }))

  it.effect("refuses a request that is too large, whether it says so or not", () =>
    Effect.gen(function*() {
      const body = JSON.stringify({ type: "demo.noop", payload: { text: "x".repeat(maxRequestBytes) } })
      const stated = yield* submit(body)
      const { gateway } = yield* Programs.Urls
      const { port } = new URL(gateway)
      const chunked = yield* Effect.callback<string>((resume) => {
        const socket = connect(Number(port), "127.0.0.1")
        let text = ""
        socket.on("data", (data) => {
          text += data.toString("utf8")
        })
        socket.on("error", () => undefined)
        socket.on("close", () => resume(Effect.succeed(text)))
        socket.write(
          `POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`
        )
        const chunk = "x".repeat(1024 * 1024)
        for (let n = 0; n < 18; n++) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`)
        socket.end("0\r\n\r\n")
      })

      assert.strictEqual(stated.status, 413)
      assert.strictEqual(stated.json["type"], "urn:odto:problem:request-too-large")
      assert.match(chunked, /^HTTP\/1\.1 413 /u)
    }))

  it.effect("says that the store is away, and when to come back", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      yield* faults.outage
      const answer = yield* submit(mail).pipe(Effect.ensuring(faults.restore))

      assert.strictEqual(answer.status, 503)
      assert.strictEqual(answer.json["type"], "urn:odto:problem:unavailable")
      assert.strictEqual(answer.headers["retry-after"], "1")
    }))

  it.effect("says that the outcome is unknown, and that the key makes repeating safe", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      const headers = { "idempotency-key": "lost-answer" }
      yield* faults.order("JobStore.accept", { _tag: "LoseAnswer" }, 1)
      yield* faults.order("JobStore.accept", { _tag: "Fail", reason: "outcome-unknown" }, 10)
      const lost = yield* submit(mail, { headers }).pipe(Effect.ensuring(faults.restore))
      const again = yield* submit(mail, { headers })

      assert.strictEqual(lost.status, 503)
      assert.strictEqual(lost.json["type"], "urn:odto:problem:outcome-unknown")
      assert.include(String(lost.json["detail"]), "Idempotency-Key")
      assert.strictEqual(again.headers["idempotency-replayed"], "true")
    }))
})
