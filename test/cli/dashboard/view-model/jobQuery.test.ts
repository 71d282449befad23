import { parametersOf, parseQuery } from "#cli/dashboard/view-model/jobQuery.ts"
import { fits, hasWords, rowOf } from "#cli/dashboard/view-model/JobRow.ts"
import { QueueName } from "#domain/Job.ts"
import { jobFilterQuery } from "#domain/JobFilter.ts"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Schema } from "effect"
import { AnyStatus, jobOf, noon } from "../../../support/dashboard/Given.ts"

describe("The filter language", () => {
  it("takes every parameter of the API by its name, and by the flag of the command line", () => {
    const query = parseQuery(
      "status:dead,retrying type:http.request queue:mail queue:slow tag:a tag:b correlation-id:order-1 " +
        "idempotencyKey:\"a key\" created-after:2026-01-01T00:00:00Z createdBefore:2026-02-01T00:00:00Z"
    )

    assert.deepStrictEqual(query.problems, [])
    assert.deepStrictEqual(Object.keys(parametersOf(query)).toSorted(), Object.keys(jobFilterQuery).toSorted())
    assert.deepStrictEqual(query.status, ["dead", "retrying"])
    assert.deepStrictEqual(query.queue.map(String), ["mail", "slow"])
    assert.strictEqual(query.idempotencyKey, "a key")
  })

  it("asks nothing of the API for an empty text or free words", () => {
    assert.deepStrictEqual(parametersOf(parseQuery("")), {})
    assert.deepStrictEqual(parametersOf(parseQuery("Sleep worker-1")), {})
    assert.deepStrictEqual(parseQuery("Sleep worker-1").words, ["sleep", "worker-1"])
  })

  it("says which part does not fit, and goes on with the others", () => {
    const query = parseQuery("status:deadly nonsense:1 queue:mail")

    assert.deepStrictEqual(query.queue.map(String), ["mail"])
    assert.deepStrictEqual(query.problems[0], "status:deadly does not fit")
    assert.match(query.problems[1] ?? "", /^nonsense: is no filter; there are status, type/)
  })

  it.prop("never fails, whatever is typed", { text: Schema.String }, ({ text }) => {
    const query = parseQuery(text)

    assert.isTrue(query.words.every((word) => !/\s/.test(word) || text.includes("\"")))
  })

  it.prop("a row fits its own status and no other", { status: AnyStatus, other: AnyStatus }, ({ other, status }) => {
    const row = rowOf(jobOf(1, { status }))

    assert.strictEqual(fits(parseQuery(`status:${other}`), row), status === other)
  })

  it("judges rows by type, queue, tags, correlation and time as the API does", () => {
    const row = rowOf(jobOf(1, { queue: QueueName.make("mail"), tags: ["a", "b"], correlationId: "order-1" }))
    const after = (millis: number) => `created-after:${DateTime.formatIso(DateTime.makeUnsafe(noon + 1 + millis))}`
    const before = (millis: number) => `created-before:${DateTime.formatIso(DateTime.makeUnsafe(noon + 1 + millis))}`
    const judge = (text: string) => fits(parseQuery(text), row)

    assert.isTrue(judge("queue:slow,mail type:demo.sleep tag:a,b correlation-id:order-1"))
    assert.isFalse(judge("tag:a tag:c"))
    assert.isFalse(judge("correlation-id:order-2"))
    assert.isFalse(judge("type:demo.noop"))
    assert.isTrue(judge(after(0)))
    assert.isFalse(judge(after(1)))
    assert.isFalse(judge(before(0)))
    assert.isTrue(judge(before(1)))
  })

  it("finds free words wherever a row shows them", () => {
    const row = rowOf(jobOf(7, { tags: ["Invoice"], worker: "Worker-1", correlationId: "Order-9" }))

    for (const word of ["sleep", "default", "queued", "invoice", "worker-1", "order-9", row.id.slice(-4)]) {
      assert.isTrue(hasWords([word], row), word)
    }
    assert.isFalse(hasWords(["sleep", "nowhere"], row))
  })
})
