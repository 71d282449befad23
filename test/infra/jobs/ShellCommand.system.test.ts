import { shellCommand, type ShellCommandEntry } from "#infra/jobs/ShellCommand.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { until } from "../../support/until.ts"
import { jobContext } from "./JobContexts.ts"

const root = join(import.meta.dirname, "../../..")

const perform = (entry: ShellCommandEntry, signal?: AbortSignal) =>
  Effect.promise(() => shellCommand({ it: entry }).perform({ name: "it" }, jobContext(signal)))

const shell = (script: string): ShellCommandEntry => ({ argv: ["/bin/sh", "-c", script] })

/** One that nobody has waited for yet has ended all the same. */
const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/mu.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

const ended = (pid: number) => until(Effect.sync(() => isAlive(pid)), (alive) => !alive)

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "odto-shell-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const stdoutOf = Effect.fnUntraced(function*(entry: ShellCommandEntry) {
  const outcome = yield* perform(entry)
  if (outcome._tag !== "Completed") return assert.fail(JSON.stringify(outcome))
  const { result } = outcome
  return typeof result === "object" && result !== null && "stdout" in result ? String(result.stdout) : ""
})

describe("shell.command", () => {
  it.live("does not wait for a grandchild that holds the output, and ends it", () =>
    Effect.gen(function*() {
      const pid = Number(yield* stdoutOf(shell("sleep 600 & echo $!")))
      assert.isAbove(pid, 1)
      yield* ended(pid)
    }))

  it.live("does not wait for one that has left the group either", () =>
    Effect.gen(function*() {
      const pid = Number(yield* stdoutOf(shell("setsid sleep 600 & echo $!")))
      yield* Effect.addFinalizer(() => Effect.sync(() => process.kill(pid, "SIGKILL")))
      assert.isTrue(isAlive(pid))
    }))

  it.live("keeps all that the program wrote before it ended", () =>
    Effect.map(stdoutOf(shell("printf '%016000d' 7")), (stdout) => assert.lengthOf(stdout, 16_000)))

  it.live("ends the whole group when the signal fires", () =>
    Effect.gen(function*() {
      const outcome = yield* perform(shell("sleep 600 & wait"), AbortSignal.timeout(50))
      assert.strictEqual(outcome._tag, "Failed")
    }))

  it.live("listens for the end of the process once, however many programs run", () =>
    Effect.gen(function*() {
      yield* perform(shell("true"))
      const before = process.listenerCount("exit")
      yield* Effect.all(Array.from({ length: 5 }, () => perform(shell("true"))), { concurrency: 5 })
      assert.strictEqual(process.listenerCount("exit"), before)
    }))

  it.live("leaves no program behind when the process exits at once", () =>
    Effect.gen(function*() {
      // Exits as on the second Ctrl-C, when the program and what it started have said their ids.
      const folder = yield* temporaryFolder
      const ids = join(folder, "ids")
      const script = `
        import { shellCommand } from "./src/infra/jobs/ShellCommand.ts"
        import { watch } from "node:fs"
        watch(${JSON.stringify(folder)}, (_, name) => name === "ids" && process.exit(130))
        const argv = ["/bin/sh", "-c", "sleep 600 & echo $$ $! > ${ids}.new; mv ${ids}.new ${ids}; wait"]
        await shellCommand({ it: { argv } }).perform({ name: "it" }, { signal: new AbortController().signal })`
      const code = yield* Effect.callback<number | null>((resume) => {
        spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: root, stdio: "ignore" })
          .on("exit", (code) => resume(Effect.succeed(code)))
      })
      assert.strictEqual(code, 130)
      const pids = readFileSync(ids, "utf8").trim().split(" ").map(Number)
      assert.lengthOf(pids, 2)
      for (const pid of pids) yield* ended(pid)
    }))
})
