/** Commands that know an embedded system and a cluster: what is of the one is refused with the other, and nothing is done. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { command } from "../../support/CommandLine.ts"

const foreign = [
  [["up", "--cluster", "--home", "x"], "--home does not go with --cluster"],
  [["up", "--minimal"], "--minimal does not go without --cluster"],
  [["down", "--cluster", "--home", "x", "--yes"], "--home does not go with --cluster"],
  [["down", "--cluster", "--now", "--yes"], "--now does not go with --cluster"],
  [["down", "--cluster", "--wait", "3", "--yes"], "--wait does not go with --cluster"],
  [["down", "--yes"], "--yes does not go without --cluster"],
  [["logs", "--cluster", "--home", "x"], "--home does not go with --cluster"],
  [["logs", "--previous"], "--previous does not go without --cluster"],
  [["logs", "gateway"], "the name of a program does not go without --cluster"],
  [["status", "--show-credentials"], "--show-credentials does not go without --cluster"]
] as const

const emptyFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "odto-none-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

it.live("flags of the other kind are refused with 64, by name", () =>
  Effect.gen(function*() {
    for (const [args, says] of foreign) {
      const { code, stderr } = yield* command(args)
      assert.strictEqual(code, 64, `${args.join(" ")}: ${stderr}`)
      assert.include(stderr, says)
    }
  }))

it.live("without kind, each of them says that it is missing, and ends with 69", () =>
  Effect.gen(function*() {
    const settings = { PATH: yield* emptyFolder, ODTO_HOME: join(yield* emptyFolder, "home") }
    for (const args of [["status", "--cluster"], ["logs", "--cluster"], ["down", "--cluster", "--yes"]]) {
      const { code, stderr } = yield* command(args, { settings })
      assert.strictEqual(code, 69, `${args.join(" ")}: ${stderr}`)
      assert.match(stderr, /kind is missing: .+; set kind up/u)
      assert.notInclude(stderr, "ENOENT")
    }
  }))
