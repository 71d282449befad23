import type { JsonObject } from "#domain/Job.ts"
import * as AjvPayloadSchemas from "#infra/ajv/AjvPayloadSchemas.ts"
import { PayloadSchemas } from "#services/ports/PayloadSchemas.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"

const compile = (schema: JsonObject) => Effect.map(PayloadSchemas, (schemas) => schemas.compile(schema))
const misfits = (schema: JsonObject, value: unknown) =>
  Effect.map(compile(schema), (check) => Result.getOrThrow(check)(value)).pipe(Effect.provide(AjvPayloadSchemas.layer))

const mail: JsonObject = {
  type: "object",
  properties: {
    to: { type: "string", minLength: 3 },
    parts: { type: "array", items: { $ref: "#/$defs/part" } }
  },
  required: ["to"],
  additionalProperties: false,
  $defs: { part: { type: "object", properties: { "a/b": { type: "integer" } }, required: ["a/b"] } }
}

describe("Payload schemas", () => {
  it.effect("find nothing wrong with what fits", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* misfits(mail, { to: "abc", parts: [{ "a/b": 1 }] }), [])
    }))

  it.effect("name each field that is missing, unknown or wrong, as a JSON Pointer", () =>
    Effect.gen(function*() {
      const found = yield* misfits(mail, { "cc/~": 1, parts: [{ "a/b": 1 }, {}, { "a/b": "x" }] })

      assert.deepStrictEqual(found.toSorted((a, b) => a.path < b.path ? -1 : 1), [
        { path: "/cc~1~0", message: "is not a field of this job type" },
        { path: "/parts/1/a~1b", message: "is required" },
        { path: "/parts/2/a~1b", message: "must be integer" },
        { path: "/to", message: "is required" }
      ])
    }))

  it.effect("name no more fields than anybody reads", () =>
    Effect.gen(function*() {
      const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`field${index}`, 1]))
      assert.lengthOf(yield* misfits({ type: "object", additionalProperties: false }, many), 20)
    }))

  it.effect("follow draft 2020-12, and ignore keywords and formats that they do not know", () =>
    Effect.gen(function*() {
      const tuple: JsonObject = {
        type: "array",
        prefixItems: [{ type: "string", format: "no-such-format" }],
        "x-own": 1
      }
      assert.deepStrictEqual(yield* misfits(tuple, ["a", 1]), [])
      assert.lengthOf(yield* misfits(tuple, [1]), 1)
    }))

  it.effect("say what is wrong with a schema that is none", () =>
    Effect.gen(function*() {
      for (const schema of [{ type: "no such type" }, { $ref: "#/$defs/nowhere" }, { pattern: "(" }]) {
        const compiled = yield* compile(schema)
        assert.isTrue(Result.isFailure(compiled) && compiled.failure !== "")
      }
    }).pipe(Effect.provide(AjvPayloadSchemas.layer)))

  it.effect("may be replaced, and share an $id, without disturbing each other", () =>
    Effect.gen(function*() {
      const old: JsonObject = { $id: "https://schemas.example/mail", type: "object", required: ["a"] }
      const first = Result.getOrThrow(yield* compile(old))
      const second = Result.getOrThrow(yield* compile({ ...old, required: ["b"] }))

      assert.deepStrictEqual([first({ a: 1 }).length, second({ a: 1 }).length], [0, 1])
    }).pipe(Effect.provide(AjvPayloadSchemas.layer)))
})
