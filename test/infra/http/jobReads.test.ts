import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { freshJobId } from "../../support/LogRows.ts"
import { type Answer, errorPathsOf, listOf, problemOf } from "./call.ts"
import { archived, completed, get, submit } from "./given.ts"
import * as Programs from "./Programs.ts"

const idsOf = (answer: Answer) => listOf(answer, "jobs").map(({ id }) => id)

layer(Programs.layer(), { excludeTestServices: true })("GET /jobs", (it) => {
  it.effect("lists the newest first, page by page, without missing or repeating one", () =>
    Effect.gen(function*() {
      const queue = "pages"
      const ids = yield* Effect.forEach(Array.from({ length: 7 }), () => submit({ queue }))
      const seen: Array<unknown> = []
      let cursor = ""
      do {
        const page = yield* get(`/jobs?queue=${queue}&limit=3${cursor}`)
        assert.strictEqual(page.status, 200)
        seen.push(...idsOf(page))
        const { next } = page.json
        cursor = typeof next === "string" ? `&cursor=${next}` : ""
      } while (cursor !== "")
      const oldest = yield* get(`/jobs?queue=${queue}&sort=oldest`)

      assert.deepStrictEqual(seen, ids.toReversed())
      assert.deepStrictEqual(idsOf(oldest), ids)
      assert.deepInclude(oldest.json["freshness"], { source: "memory", ageMillis: 0, stale: false })
    }))

  it.effect("filters by every field, repeated or together", () =>
    Effect.gen(function*() {
      const one = yield* submit({ queue: "filter-a", tags: ["red"], correlationId: "order-1", idempotencyKey: "key-1" })
      const two = yield* submit({ queue: "filter-b", tags: ["red", "blue"], runAt: "2999-01-01T00:00:00Z" })
      const three = yield* submit({ queue: "filter-b", type: "mail.send", payload: { to: "abc" } })
      const find = (query: string) => Effect.map(get(`/jobs?${query}`), idsOf)

      assert.deepStrictEqual(yield* find("queue=filter-a&queue=filter-b"), [three, two, one])
      assert.deepStrictEqual(yield* find("tag=red"), [two, one])
      assert.deepStrictEqual(yield* find("tag=red&tag=blue"), [two])
      assert.deepStrictEqual(yield* find("queue=filter-b&status=scheduled"), [two])
      assert.deepStrictEqual(yield* find("queue=filter-b&status=scheduled&status=queued"), [three, two])
      assert.deepStrictEqual(yield* find("type=mail.send&queue=filter-b"), [three])
      assert.deepStrictEqual(yield* find("correlationId=order-1"), [one])
      assert.deepStrictEqual(yield* find("idempotencyKey=key-1"), [one])
      assert.deepStrictEqual(yield* find("queue=filter-b&createdBefore=2001-01-01T00:00:00Z"), [])
      assert.deepStrictEqual(yield* find("queue=filter-b&createdAfter=2001-01-01T00:00:00Z"), [three, two])
    }))

  for (
    const [query, fields] of [
      ["limit=0", ["/limit"]],
      ["limit=1001", ["/limit"]],
      ["limit=ten", ["/limit"]],
      ["statu=dead", ["/statu"]],
      ["status=lost&sort=random", ["/status", "/sort"]],
      ["cursor=bm90IGFuIGlk", ["/cursor"]],
      ["createdAfter=yesterday", ["/createdAfter"]],
      ["createdAfter=-271821-04-20T00:00:00Z&createdBefore=%2B010000-01-01T00:00:00Z", [
        "/createdAfter",
        "/createdBefore"
      ]]
    ] as const
  ) {
    it.effect(`refuses ?${query} and names what is wrong`, () =>
      Effect.gen(function*() {
        const answer = yield* get(`/jobs?${query}`)

        assert.deepStrictEqual([answer.status, problemOf(answer)], [400, "invalid-request"])
        assert.sameMembers([...errorPathsOf(answer)], [...fields])
      }))
  }

  it.effect("says which values a parameter may have", () =>
    Effect.gen(function*() {
      const { json } = yield* get("/jobs?status=lost")

      assert.strictEqual(
        json["detail"],
        "/status: Expected one of scheduled, queued, running, retrying, completed, dead, cancelled"
      )
    }))

  it.effect("tells all of one job, attempts and result included", () =>
    Effect.gen(function*() {
      const id = yield* submit({ queue: "one-job", payload: { a: [1, "é", null] } })
      yield* completed("one-job")
      const { json, status } = yield* get(`/jobs/${id}`)

      assert.strictEqual(status, 200)
      assert.deepInclude(json, { id, status: "completed", attempt: 1, sequence: 4, payload: { a: [1, "é", null] } })
      assert.deepStrictEqual(json["result"], { answer: 42 })
      assert.lengthOf(Array.isArray(json["attempts"]) ? json["attempts"] : [], 1)
      assert.deepInclude(json["freshness"], { source: "memory" })
    }))

  it.effect("tells the timeline of a job, and the newest of all jobs", () =>
    Effect.gen(function*() {
      const id = yield* submit({ queue: "its-life" })
      yield* completed("its-life")
      const before = yield* get(`/jobs/${id}/timeline`)
      yield* archived
      const after = yield* get(`/jobs/${id}/timeline`)
      const recent = yield* get("/jobs/recent?limit=1")
      const what = (answer: Answer) => listOf(answer, "steps").map((step) => step["what"])

      assert.deepStrictEqual(what(before), ["started", "completed"])
      assert.deepInclude(before.json["history"], { status: "ok", missing: [1, 2, 3, 4] })
      assert.deepStrictEqual(what(after), ["created", "dispatched", "started", "completed"])
      assert.deepInclude(after.json["history"], { status: "ok", missing: [] })
      assert.deepInclude(listOf(recent, "jobs")[0], { jobId: id, event: "completed" })
    }))

  it.effect("knows no such job", () =>
    Effect.gen(function*() {
      const id = freshJobId()
      const answers = yield* Effect.forEach([`/jobs/${id}`, `/jobs/${id}/timeline`], get)

      assert.deepStrictEqual(answers.map((answer) => [answer.status, problemOf(answer)]), [
        [404, "unknown-job"],
        [404, "unknown-job"]
      ])
      assert.strictEqual((yield* get("/jobs/17")).status, 400)
    }))
})
