import { builtInTypes } from "#infra/jobs/builtIn.ts"
import { cpu, failing, flaky, noop, sleeping } from "#infra/jobs/demo.ts"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { jobContext } from "./JobContexts.ts"

describe("The demo types", () => {
  it.live("do what they say", () =>
    Effect.promise(async () => {
      const context = jobContext()
      assert.deepStrictEqual(await noop.perform({}, context), { _tag: "Completed", result: null })
      assert.deepStrictEqual(await sleeping.perform({ ms: 1 }, context), { _tag: "Completed", result: { slept: 1 } })
      assert.deepNestedInclude(await failing.perform({ message: "so" }, context), {
        "error.message": "so",
        "error.retryable": true
      })
      assert.deepNestedInclude(await failing.perform({ retryable: false }, context), { "error.retryable": false })
      assert.strictEqual((await flaky.perform({ failures: 2 }, { ...context, failures: 1 }))._tag, "Failed")
      assert.strictEqual((await flaky.perform({ failures: 2 }, { ...context, failures: 2 }))._tag, "Completed")
    }))

  it.live("sleep until the signal at the latest", () =>
    Effect.promise(async () => {
      const outcome = await sleeping.perform({ ms: 3_600_000 }, jobContext(AbortSignal.timeout(5)))
      assert.deepNestedInclude(outcome, { "error.name": "AbortError" })
    }))

  it.live("burn processor time beside the main loop, which stays live", () =>
    Effect.promise(async () => {
      let turns = 0
      const counting = setInterval(() => turns++, 5)
      const outcome = await cpu.perform({ ms: 400 }, jobContext())
      clearInterval(counting)
      assert.strictEqual(outcome._tag, "Completed")
      // Eighty when nobody else needs the processor.
      assert.isAbove(turns, 10)
    }))
})

describe("The built-in types", () => {
  const namesWith = (env: Record<string, string>) =>
    Effect.map(builtInTypes, (types) => types.map(({ description }) => description.name as string)).pipe(
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))
    )

  it.effect("run programs only when the operator allows some", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* namesWith({}), [
        "demo.noop",
        "demo.sleep",
        "demo.fail",
        "demo.flaky",
        "demo.cpu",
        "http.request"
      ])
    }))

  it.effect("are refused with a wrong key or file, by the variable's name", () =>
    Effect.gen(function*() {
      const key = yield* Effect.flip(namesWith({ ODTO_SIGNING_KEY: "short" }))
      const file = yield* Effect.flip(namesWith({ ODTO_SHELL_COMMANDS: "/nowhere/commands.json" }))
      assert.include(key.message, "ODTO_SIGNING_KEY")
      assert.include(file.message, "ODTO_SHELL_COMMANDS")
    }))
})
