/** A system that is there and does not answer whoever looks: another token, other addresses. */
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { dashboard } from "../../support/dashboard/Dashboard.ts"
import { asked, run, System } from "../../support/RunningSystem.ts"
import { keys } from "../../support/terminal/Terminal.ts"

layer(System.layer, { excludeTestServices: true, timeout: 60_000 })((it) => {
  describe("A token that is refused", () => {
    it.effect("is said in every view, and is no lost connection", () =>
      Effect.gen(function*() {
        const terminal = yield* dashboard({
          columns: 40,
          rows: 20,
          args: ["--view", "jobs"],
          env: { ODTO_TOKEN: "odto_unknown" },
          isAwaited: false
        })
        const said = (text: string) => text.includes("token refused") && text.includes("ODTO_TOKEN")
        const jobs = yield* terminal.until("the cause", said, 60_000)
        yield* terminal.type(":workers")
        yield* terminal.type(keys.enter)
        const workers = yield* terminal.until("it of the workers", (text) => text.includes("Workers") && said(text))

        for (const text of [jobs, workers]) {
          assert.include(text, "The token is not known")
          assert.notMatch(text, /connection lost|reading/u)
        }
      }))
  })

  describe("Addresses that are exchanged", () => {
    it.effect("are said where the addresses are, and end a single look as a wrong setting", () =>
      Effect.gen(function*() {
        const [{ gatewayUrl, readModelUrl }] = yield* asked(["status"])
        const env = { ODTO_GATEWAY_URL: readModelUrl, ODTO_READ_MODEL_URL: gatewayUrl }
        const terminal = yield* dashboard({ args: ["--view", "access"], env, isAwaited: false })
        const said = (text: string) => text.includes("the read model answers") && text.includes("stream refused")
        const text = yield* terminal.until("the cause", said, 60_000)
        const once = yield* run(["--once", "--view", "access"], { settings: env })

        assert.include(text, "where the gateway should be")
        assert.notInclude(text, "● answers")
        assert.strictEqual(once.code, 78, once.stderr)
      }))
  })
})
