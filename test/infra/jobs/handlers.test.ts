import * as AjvPayloadSchemas from "#infra/ajv/AjvPayloadSchemas.ts"
import { defineJobType, errorOf, NonRetryable } from "#infra/jobs/defineJobType.ts"
import { PayloadSchemas } from "#services/ports/PayloadSchemas.ts"
import { assert, describe, it } from "@effect/vitest"
import { Data, Effect, Result, Schema } from "effect"
import { jobContext } from "./JobContexts.ts"

const Mail = Schema.Struct({ to: Schema.String, at: Schema.optionalKey(Schema.DateTimeUtcFromString) })
class Bounced extends Data.TaggedError("Bounced")<{ readonly code: number; readonly retryable: boolean }> {
  override get message() {
    return `bounced with ${this.code}`
  }
}
const typeWith = (
  handler: Parameters<typeof defineJobType<typeof Mail, Schema.Codec<unknown, unknown>>>[0]["handler"]
) => defineJobType({ name: "mail.send", payload: Mail, handler })
const perform = (
  handler: Parameters<typeof typeWith>[0],
  { payload = { to: "a" }, signal }: { readonly payload?: unknown; readonly signal?: AbortSignal } = {}
) => Effect.promise(() => typeWith(handler).perform(payload, jobContext(signal)))
const failureOf = Effect.fnUntraced(function*(...args: Parameters<typeof perform>) {
  const outcome = yield* perform(...args)
  return outcome._tag === "Failed" ? outcome.error : assert.fail(`it is ${outcome._tag}`)
})

describe("A handler", () => {
  it.effect("may be an async function or an effect, with its payload decoded", () =>
    Effect.gen(function*() {
      const payload = { to: "a", at: "2026-01-01T00:00:00.000Z" }
      const plain = yield* perform(async ({ at, to }) => ({ to, year: at?.epochMilliseconds }), { payload })
      const effect = yield* perform(({ to }) => Effect.succeed(`to ${to}`).pipe(Effect.delay(1)), { payload })

      assert.deepStrictEqual(plain, { _tag: "Completed", result: { to: "a", year: Date.parse(payload.at) } })
      assert.deepStrictEqual(effect, { _tag: "Completed", result: "to a" })
    }))

  it.effect("completes with null when it answers nothing", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* perform(() => Effect.void), { _tag: "Completed", result: null })
    }))

  it.effect("fails, to be tried again, when it throws, rejects, fails or dies", () =>
    Effect.gen(function*() {
      const errors = [
        yield* failureOf(() => {
          throw new Error("thrown")
        }),
        yield* failureOf(() => Promise.reject(new Error("rejected"))),
        yield* failureOf(() => Effect.fail(new Bounced({ code: 7, retryable: true }))),
        yield* failureOf(() => Effect.die(new Error("died"))),
        yield* failureOf(() => Promise.reject("a string"))
      ]
      assert.deepStrictEqual(errors.map(({ message, name, retryable }) => [name, message, retryable]), [
        ["Error", "thrown", true],
        ["Error", "rejected", true],
        ["Bounced", "bounced with 7", true],
        ["Error", "died", true],
        ["Error", "a string", true]
      ])
    }))

  it.effect("is final when it fails with what says so", () =>
    Effect.gen(function*() {
      assert.deepInclude(yield* failureOf(() => Promise.reject(new NonRetryable("no such mailbox"))), {
        name: "NonRetryable",
        message: "no such mailbox",
        retryable: false
      })
      assert.isFalse((yield* failureOf(() => Effect.fail(new Bounced({ code: 1, retryable: false })))).retryable)
    }))

  it.effect("hears its signal: effects are interrupted", () =>
    Effect.gen(function*() {
      const controller = new AbortController()
      let interrupted = false
      const outcome = yield* perform(() => {
        queueMicrotask(() => controller.abort())
        return Effect.never.pipe(Effect.onInterrupt(() =>
          Effect.sync(() => {
            interrupted = true
          })
        ))
      }, { signal: controller.signal })

      assert.isTrue(interrupted)
      assert.strictEqual(outcome._tag, "Failed")
    }))

  it.effect("is not called with a payload that does not fit, and does not complete with such a result", () =>
    Effect.gen(function*() {
      let called = 0
      const counted = defineJobType({
        name: "mail.count",
        payload: Mail,
        result: Schema.Struct({ sent: Schema.Int }),
        // @ts-expect-error: what untyped code may answer
        handler: () => Promise.resolve({ sent: `${++called} or so` })
      })
      const misfit = yield* Effect.promise(() => counted.perform({ to: 7 }, jobContext()))
      const before = called
      const wrong = yield* Effect.promise(() => counted.perform({ to: "a" }, jobContext()))

      assert.deepNestedInclude(misfit, { "error.name": "PayloadMisfit", "error.retryable": false })
      assert.strictEqual(before, 0)
      assert.deepNestedInclude(wrong, { "error.name": "ResultMisfit", "error.retryable": false })
    }))

  it("leaves an error of whatever was thrown", () => {
    const circle: Record<string, unknown> = {}
    circle["self"] = circle
    for (const thrown of [undefined, null, 7n, circle, Symbol("s"), () => 1, { message: "" }, Object.create(null)]) {
      const { message, name, retryable } = errorOf(thrown)
      assert.deepStrictEqual([typeof message, name, retryable], ["string", "Error", true])
    }
  })
})

describe("The schemas of a type", () => {
  it.effect("are closed, nested ones too, and stay open where any key may be", () =>
    Effect.gen(function*() {
      const { compile } = yield* PayloadSchemas
      const { description } = defineJobType({
        name: "mail.closed",
        payload: Schema.Struct({
          inner: Schema.Struct({ a: Schema.Int }),
          any: Schema.Record(Schema.String, Schema.Int)
        }),
        handler: () => Promise.resolve(null)
      })
      const check = Result.getOrThrow(compile(description.payloadSchema))

      assert.deepStrictEqual(check({ inner: { a: 1 }, any: { b: 2 } }), [])
      assert.deepStrictEqual(check({ inner: { a: 1, b: 2 }, any: {} }).map(({ path }) => path), ["/inner/b"])
      assert.deepStrictEqual(check({ inner: { a: 1 }, any: {}, more: 1 }).map(({ path }) => path), ["/more"])
    }).pipe(Effect.provide(AjvPayloadSchemas.layer)))
})
