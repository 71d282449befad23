/** Starts and ends of the cluster, one at a time. */
import { exitCodes } from "#cli/exitCodes.ts"
import { failureOf } from "#cli/failure.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { writeFileSync } from "node:fs"
import { until } from "../../support/cluster/installed.ts"
import { calls, read, shortly } from "../../support/cluster/Machine.ts"
import { toolMachine } from "../../support/cluster/StandIns.ts"
import { errorOf, upOn } from "../../support/cluster/upOn.ts"

describe("A start of a cluster", () => {
  it.live("leaves the cluster of another start alone while that is under way, and goes on when it has ended", () =>
    Effect.gen(function*() {
      const machine = yield* toolMachine({
        faults: [{ match: "kind create", isDone: true, hangs: true, times: 1 }, { match: "buildx bake" }]
      })
      const first = yield* Effect.forkChild(upOn(machine))
      yield* until(() => read(machine.folder).cluster === "running")
      const second = yield* upOn(machine)
      const before = calls(machine.folder).map(shortly)
      yield* Fiber.interrupt(first)
      const third = yield* upOn(machine)

      assert.deepStrictEqual(second.steps, [])
      assert.match(errorOf(second.outcome).message, /^another start or end of the cluster is under way; wait/u)
      assert.strictEqual(failureOf(errorOf(second.outcome)).exitCode, exitCodes.tryAgain)
      assert.notInclude(before.join(), "delete")
      assert.deepStrictEqual(third.steps, ["prerequisites done", "cluster done", "images failed"])
    }))

  it.live("looks at nothing where its folder cannot be made", () =>
    Effect.gen(function*() {
      const machine = yield* toolMachine()
      writeFileSync(machine.home, "somebody's file")
      const { outcome } = yield* upOn(machine)

      assert.match(errorOf(outcome).message, /^the folder \S+ cannot be used: .*; look at .*ODTO_HOME/u)
      assert.deepStrictEqual(calls(machine.folder), [])
    }))
})
