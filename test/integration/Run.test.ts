import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { budgetMillis, type Decision, type PathId, planned, Run } from "./Run.ts"

const ids = Object.keys(planned).filter((id): id is PathId => id in planned)

/** What a run decides and writes, whose paths take a second each, unless told otherwise. */
const decisionOf = (prove: (id: PathId) => Effect.Effect<Record<string, unknown>, string>, pathMillis = 1_000) =>
  Effect.gen(function*() {
    const parent = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "odto-run-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    )
    const folder = join(parent, "run")
    let now = 1_800_000_000_000
    yield* Effect.gen(function*() {
      const run = yield* Run
      for (const id of ids) {
        yield* Effect.ignore(run.path(
          id,
          Effect.tap(prove(id), () =>
            Effect.sync(() => {
              now += pathMillis
            }))
        ))
      }
      assert.isFalse(existsSync(join(folder, "decision.json")))
    }).pipe(Effect.provide(Run.layer(folder, "no stage", () => now)), Effect.exit)
    const decision: Decision = JSON.parse(readFileSync(join(folder, "decision.json"), "utf8"))
    return decision
  })

describe("The decision of a run", () => {
  it.effect("is that it has passed when every path has, and tells what each has seen", () =>
    Effect.gen(function*() {
      const decision = yield* decisionOf((id) => Effect.succeed({ seen: id }))

      assert.strictEqual(decision.verdict, "passed")
      assert.strictEqual(decision.tookMillis, ids.length * 1_000)
      assert.deepStrictEqual(
        decision.paths.map(({ evidence, id }) => [id, evidence["seen"]]),
        ids.map((id) => [id, id])
      )
    }))

  it.effect("is that it has failed when one path has, with its reason, and when one was not reached", () =>
    Effect.gen(function*() {
      const failed = yield* decisionOf((id) => id === "P2" ? Effect.fail("the archive is empty") : Effect.succeed({}))
      const cut = yield* decisionOf((id) => id === "P3" ? Effect.die("no more servers") : Effect.succeed({}))

      assert.strictEqual(failed.verdict, "failed")
      assert.include(failed.paths.find(({ id }) => id === "P2")?.error, "the archive is empty")
      assert.strictEqual(cut.verdict, "failed")
      assert.deepStrictEqual(cut.paths.filter(({ verdict }) => verdict === "not run").map(({ id }) => id), ids.slice(3))
    }))

  it.effect("is that it has failed when it took longer than its budget", () =>
    Effect.gen(function*() {
      const decision = yield* decisionOf(() => Effect.succeed({}), budgetMillis / ids.length + 1)

      assert.isFalse(decision.withinBudget)
      assert.strictEqual(decision.verdict, "failed")
    }))
})
