import { JobId } from "#domain/Job.ts"
import { decodeCursor, encodeCursor, JobCursor, jobFilterQuery } from "#domain/JobFilter.ts"
import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"

const decodeQuery = Schema.decodeUnknownOption(Schema.Struct(jobFilterQuery))
const read = (query: Record<string, unknown>): unknown => Option.getOrUndefined(decodeQuery(query))

describe("JobFilter", () => {
  it.prop("a cursor leads back to its job", { id: JobId }, ({ id }) => {
    const cursor = encodeCursor(id)

    assert.isTrue(Schema.is(JobCursor)(cursor))
    assert.deepStrictEqual(decodeCursor(cursor), Option.some(id))
  })

  it.prop("a cursor that nobody made leads nowhere", { text: Schema.String, cursor: JobCursor }, ({ cursor, text }) => {
    for (const made of [text, cursor]) {
      const id = decodeCursor(made)
      if (Option.isSome(id)) assert.isTrue(Schema.is(JobId)(id.value))
    }
  })

  it("refuses what only looks like a cursor", () => {
    const id = "0190e5d0-7e29-7abc-8def-0123456789ab"
    const texts = [
      "",
      "AAAA",
      "!!!!",
      encodeCursor(JobId.make(id)).slice(1),
      Buffer.from(id.toUpperCase()).toString("base64url")
    ]

    assert.deepStrictEqual(texts.filter((text) => Option.isSome(decodeCursor(text))), [])
  })

  it("takes a parameter once or several times", () => {
    const once = read({ status: "dead", queue: "mail" })
    const several = read({ status: ["dead", "queued"], type: ["a", "b.c"], tag: ["x", "y"] })

    assert.deepStrictEqual(once, { status: "dead", queue: "mail" })
    assert.deepStrictEqual(several, {
      status: ["dead", "queued"],
      type: ["a", "b.c"],
      tag: ["x", "y"]
    })
  })

  it("refuses a filter that no job can fit", () => {
    const queries = [{ status: "lost" }, { type: "No.Such" }, { queue: "a.b" }, { tag: "a b" }, {
      createdAfter: "soon"
    }]

    assert.deepStrictEqual(queries.filter((query) => Option.isSome(decodeQuery(query))), [])
  })
})
