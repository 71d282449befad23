import { InvalidShellCommands, readShellCommands, shellCommand, type ShellCommands } from "#infra/jobs/ShellCommand.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { jobContext } from "./JobContexts.ts"

const script = (code: string): ReadonlyArray<string> => [process.execPath, "-e", code]
const commands: ShellCommands = {
  echo: { argv: script("process.stdin.pipe(process.stdout)") },
  args: { argv: script("console.log(JSON.stringify(process.argv.slice(1)))").concat("fixed"), extraArgs: 2 },
  env: { argv: script("console.log(JSON.stringify(process.env))"), env: { GREETING: "hello" } },
  loud: { argv: script(`process.stdout.write("a".repeat(50000)); process.stderr.write("b".repeat(50000))`) },
  fails: { argv: script(`console.error("x".repeat(100000) + "the last words"); process.exitCode = 7`) },
  deaf: { argv: script("0") },
  missing: { argv: ["/nowhere/at/all"] }
}
const Output = Schema.Struct({
  exitCode: Schema.Int,
  stdout: Schema.String,
  stderr: Schema.String,
  truncated: Schema.Boolean
})
const perform = (payload: object) => Effect.promise(() => shellCommand(commands).perform(payload, jobContext()))
const outputOf = Effect.fnUntraced(function*(payload: object) {
  const outcome = yield* perform(payload)
  if (outcome._tag !== "Completed") return assert.fail(`it is ${JSON.stringify(outcome)}`)
  return Schema.decodeUnknownSync(Output)(outcome.result)
})
const errorOf = Effect.fnUntraced(function*(payload: object) {
  const outcome = yield* perform(payload)
  return outcome._tag === "Failed" ? outcome.error : assert.fail(`it is ${outcome._tag}`)
})

describe("shell.command", () => {
  it.live("gives the program the whole payload on its standard input", () =>
    Effect.gen(function*() {
      const payload = { name: "echo", input: { to: "zürich" } }
      const output = yield* outputOf(payload)
      assert.deepInclude(output, { exitCode: 0, stderr: "", truncated: false })
      assert.deepStrictEqual(JSON.parse(output.stdout), payload)
    }))

  it.live("runs only what is allowed by name, with no more arguments than allowed", () =>
    Effect.gen(function*() {
      const added = yield* outputOf({ name: "args", args: ["$HOME; ls", "--b"] })
      const refused = yield* Effect.forEach([
        { name: "rm" },
        { name: "constructor" },
        { name: "args", args: ["1", "2", "3"] },
        { name: "echo", args: ["1"] },
        { name: "missing" },
        { name: "args", args: ["a\0b"] }
      ], errorOf)

      assert.deepStrictEqual(JSON.parse(added.stdout), ["fixed", "$HOME; ls", "--b"])
      assert.isTrue(refused.every(({ retryable }) => !retryable))
    }))

  it.live("passes nothing of our environment on but PATH and HOME", () =>
    Effect.gen(function*() {
      process.env["ODTO_TEST_SECRET"] = "secret"
      const { stdout } = yield* outputOf({ name: "env" })
      delete process.env["ODTO_TEST_SECRET"]
      const names = Object.keys(JSON.parse(stdout)).filter((name) => !name.startsWith("__"))
      assert.deepStrictEqual(
        names.toSorted(),
        ["GREETING", "HOME", "PATH"].filter((name) => name !== "HOME" || process.env["HOME"] !== undefined)
      )
    }))

  it.live("keeps the beginning of a long output", () =>
    Effect.gen(function*() {
      const output = yield* outputOf({ name: "loud" })
      assert.deepInclude(output, {
        stdout: "a".repeat(16 * 1024),
        stderr: "b".repeat(16 * 1024),
        truncated: true
      })
    }))

  it.live("fails with the exit code and the last words", () =>
    Effect.gen(function*() {
      const error = yield* errorOf({ name: "fails" })
      assert.isTrue(error.retryable)
      assert.include(error.message, "exit code 7")
      assert.include(error.message, "the last words")
    }))

  it.live("minds no program that does not read its input", () =>
    Effect.gen(function*() {
      assert.deepInclude(yield* outputOf({ name: "deaf", input: "x".repeat(200_000) }), { exitCode: 0 })
    }))
})

describe("The file of allowed commands", () => {
  const reading = (text: string | undefined) => {
    const folder = mkdtempSync(join(tmpdir(), "odto-test-"))
    const path = join(folder, "commands.json")
    try {
      if (text !== undefined) writeFileSync(path, text)
      return readShellCommands(path)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  it("is read", () => assert.deepStrictEqual(reading(`{"a":{"argv":["/bin/true"]}}`), { a: { argv: ["/bin/true"] } }))

  it.each([undefined, "{", `{"a":{}}`, `{"a":{"argv":[]}}`, `{"a":{"argv":["/bin/true"],"shell":true}}`])(
    "is refused, and named: %s",
    (text) => {
      assert.throws(() => reading(text), InvalidShellCommands, /ODTO_SHELL_COMMANDS: .*commands\.json: /u)
    }
  )
})
