import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const root = join(import.meta.dirname, "../..")
const building = "odd-dashboard: building, because the sources have changed\n"

/** A program that answers to what the launcher must pass on. */
const program = `
const [what, argument] = process.argv.slice(2)
const never = () => setInterval(() => {}, 60_000)
if (what === "exit") process.exit(Number(argument))
if (what === "count") {
  process.on("SIGINT", () => {
    console.log("SIGINT")
    setTimeout(() => console.log("quiet"), 100)
  })
  process.on("SIGTERM", () => process.exit(43))
  never()
}
if (what === "wait") never()
if (what === "thread") {
  const { Worker } = await import("node:worker_threads")
  const thread = new Worker("", { eval: true })
  thread.on("error", (error) => console.log(error.message))
  thread.on("exit", (code) => process.exit(code))
  never()
}
console.log(JSON.stringify({ what, pid: process.pid, version: process.versions.node }))
`

/** A clone with the real launcher and build, and the program above as CLI. */
const clone = Effect.acquireRelease(
  Effect.sync(() => {
    const directory = mkdtempSync(join(tmpdir(), "odto-launcher-"))
    for (const path of ["package.json", "package-lock.json", "bin", "scripts"]) {
      cpSync(join(root, path), join(directory, path), { recursive: true })
    }
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"))
    mkdirSync(join(directory, "src/cli"), { recursive: true })
    writeFileSync(join(directory, "src/cli/main.ts"), program)
    return directory
  }),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

/** Makes a Node say that it is an old one. */
const pretendOld = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.19.0'})"

const launch = (directory: string, args: ReadonlyArray<string>, { old = false } = {}) =>
  start(directory, process.execPath, [
    ...old ? ["--import", pretendOld] : [],
    join(directory, "bin/odd-dashboard.mjs"),
    ...args
  ])

const start = (cwd: string, command: string, args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] })
      const written = { stdout: "", stderr: "" }
      child.stdout.on("data", (chunk) => written.stdout += String(chunk))
      child.stderr.on("data", (chunk) => written.stderr += String(chunk))
      return { child, written, closed: once(child, "close") }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Runs to the end. */
const run = (directory: string, args: ReadonlyArray<string>, options?: { readonly old: boolean }) =>
  Effect.scoped(Effect.gen(function*() {
    const { closed, written } = yield* launch(directory, args, options)
    const [code] = yield* Effect.promise(() => closed)
    return { code: Number(code), ...written }
  }))

/** Waits for the program's first line, which says that it is ready for signals. */
const firstLine = (child: ChildProcess) =>
  Effect.promise(async () => {
    if (child.stdout === null) throw new Error("no output")
    const ended = once(child, "close").then(() => ["it ended without a word"])
    const [line] = await Promise.race([once(child.stdout, "data"), ended])
    const said: { readonly pid: number; readonly version: string } = JSON.parse(String(line))
    return said
  })

describe("The launcher in a clone", () => {
  it.live("builds at the first start and after a change, and says so in one line", () =>
    Effect.gen(function*() {
      const directory = yield* clone

      const first = yield* run(directory, ["hello"])
      const second = yield* run(directory, ["hello"])
      writeFileSync(join(directory, "src/cli/main.ts"), "console.log('changed')")
      const third = yield* run(directory, ["hello"])

      assert.include(first.stdout, "hello")
      assert.strictEqual(first.stderr, building)
      assert.include(second.stdout, "hello")
      assert.strictEqual(second.stderr, "")
      assert.deepStrictEqual(third, { code: 0, stdout: "changed\n", stderr: building })
    }))

  it.live("builds once for two starts at the same time", () =>
    Effect.gen(function*() {
      const directory = yield* clone

      const both = yield* Effect.all([run(directory, ["hello"]), run(directory, ["hello"])], { concurrency: 2 })

      assert.deepStrictEqual(both.map(({ code }) => code), [0, 0])
      assert.isFalse(existsSync(join(directory, "dist/.building")))
    }))

  it.live("takes over the turn of a build that was killed", () =>
    Effect.gen(function*() {
      const directory = yield* clone
      mkdirSync(join(directory, "dist"))
      writeFileSync(join(directory, "dist/.building"), "4194304") // more than any pid

      const { code } = yield* run(directory, ["hello"])

      assert.strictEqual(code, 0)
    }))

  it.live("ends with 69 when the sources cannot be built", () =>
    Effect.gen(function*() {
      const directory = yield* clone
      writeFileSync(join(directory, "src/cli/main.ts"), "this is not TypeScript")

      const { code, stderr } = yield* run(directory, ["hello"])

      assert.strictEqual(code, 69)
      assert.include(stderr, "the build failed")
    }))
})

describe("The launcher on a Node that is new enough", () => {
  it.live("is the program", () =>
    Effect.gen(function*() {
      const { child } = yield* launch(yield* clone, ["wait"])

      const { pid } = yield* firstLine(child)

      assert.strictEqual(pid, child.pid)
    }))

  it.live("keeps the exit code", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* run(yield* clone, ["exit", "42"])).code, 42)
    }))
})

describe("npm run odd-dashboard", () => {
  it.live("passes SIGTERM on and ends when the program has ended, with its exit code", () =>
    Effect.gen(function*() {
      const { child, closed } = yield* start(yield* clone, "npm", ["run", "-s", "odd-dashboard", "--", "count"])
      yield* firstLine(child)

      child.kill("SIGTERM")
      const [code] = yield* Effect.promise(() => closed)

      assert.strictEqual(code, 43)
    }))
})

describe("The launcher on an old Node", () => {
  it.live("runs the program on the Node that npm installed", () =>
    Effect.gen(function*() {
      const { stdout } = yield* run(yield* clone, ["hello"], { old: true })

      assert.match(stdout, /"version":"24\./)
    }))

  it.live("keeps the exit code", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* run(yield* clone, ["exit", "42"], { old: true })).code, 42)
    }))

  it.live("lets the program start threads", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* run(yield* clone, ["thread"], { old: true })).code, 0)
    }))

  it.live("ends by the signal that ended the program", () =>
    Effect.gen(function*() {
      const { child, closed } = yield* launch(yield* clone, ["wait"], { old: true })
      const { pid } = yield* firstLine(child)

      process.kill(pid, "SIGTERM")
      const [code, signal] = yield* Effect.promise(() => closed)

      assert.deepStrictEqual([code, signal], [null, "SIGTERM"])
    }))

  it.live("passes every signal on, once", () =>
    Effect.gen(function*() {
      const { child, closed, written } = yield* launch(yield* clone, ["count"], { old: true })
      yield* firstLine(child)
      const shows = (text: string, times: number) =>
        Effect.promise(async () => {
          while (written.stdout.split(text).length <= times) await once(child.stdout, "data")
        })

      for (const times of [1, 2]) {
        child.kill("SIGINT")
        yield* shows("quiet", times)
      }
      child.kill("SIGTERM")
      const [code] = yield* Effect.promise(() => closed)

      assert.deepStrictEqual(written.stdout.match(/SIGINT/g), ["SIGINT", "SIGINT"])
      assert.strictEqual(code, 43)
    }))

  it.live.skipIf(!existsSync("/usr/bin/script"))(
    "lets a Ctrl-C in a terminal reach the program once",
    () =>
      Effect.gen(function*() {
        const command =
          `exec '${process.execPath}' --import "${pretendOld}" '${yield* clone}/bin/odd-dashboard.mjs' count`
        const terminal = yield* Effect.acquireRelease(
          Effect.sync(() =>
            spawn("/usr/bin/script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] })
          ),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
        let screen = ""
        const shows = (pattern: RegExp) =>
          Effect.promise(async () => {
            for await (const chunk of terminal.stdout.iterator({ destroyOnReturn: false })) {
              screen += String(chunk)
              if (pattern.test(screen)) return Number(/"pid":(\d+)/.exec(screen)?.[1])
            }
            throw new Error(`the terminal ended with ${screen}`)
          })
        const pid = yield* shows(/\}\s/)

        for (const times of [1, 2, 3]) {
          terminal.stdin.write("\u0003")
          yield* shows(new RegExp(`(quiet[^]*){${times}}`))
        }
        process.kill(pid, "SIGTERM")
        const [code] = yield* Effect.promise(() => once(terminal, "close"))

        assert.strictEqual(screen.match(/SIGINT/g)?.length, 3)
        assert.strictEqual(code, 43)
      })
  )

  it.live("takes the program with it when it is killed", () =>
    Effect.gen(function*() {
      const { child, closed } = yield* launch(yield* clone, ["wait"], { old: true })
      yield* firstLine(child)

      child.kill("SIGKILL")

      yield* Effect.promise(() => closed) // its output is open as long as the program lives
    }))

  it.live("says what is missing when there is no newer Node", () =>
    Effect.gen(function*() {
      const directory = yield* clone
      rmSync(join(directory, "node_modules"))

      const { code, stderr } = yield* run(directory, ["hello"], { old: true })

      assert.strictEqual(code, 69)
      assert.include(stderr, "needs Node 22.19 or newer, this is 20.19.0")
    }))
})

describe("The package", () => {
  it("installs a newer Node for every platform that the launcher knows, and each by one version", () => {
    const manifest: { readonly optionalDependencies: Record<string, string> } = JSON.parse(
      readFileSync(join(root, "package.json"), "utf8")
    )
    const source = readFileSync(join(root, "bin/installedNode.mjs"), "utf8")
    const known = [...source.matchAll(/"[a-z0-9]+-[a-z0-9]+": "(node-[a-z0-9-]+)"/g)].map(([, name]) => name)

    assert.sameMembers(Object.keys(manifest.optionalDependencies).filter((name) => name.startsWith("node-")), known)
  })
})
