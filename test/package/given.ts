/** What the tests of README and package have in common: commands in a folder, and what the README says. */
import { Effect, type Scope } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const root = join(import.meta.dirname, "../..")
const readme = readFileSync(join(root, "README.md"), "utf8")

/** The code blocks of a language. */
export const blocks = (language: string): ReadonlyArray<string> =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, "gu"))].map(([, text = ""]) => text)

/** Lines of the shell examples that begin like this. */
export const shellLines = (start: string): ReadonlyArray<string> =>
  blocks("sh").join("").split("\n").filter((line) => line.startsWith(start))

/** A folder that goes with the scope. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "odto-package-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** The environment without the settings of whoever runs the tests, and without what npm and vitest add to it. */
export const environment = (settings: Readonly<Record<string, string>>) => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) =>
      !/^(?:ODTO_|OTEL_|VITEST|NODE_ENV$|NODE_OPTIONS$|npm_(?:package|lifecycle))/u.test(name)
    )
  ),
  ...settings
})

interface Running {
  /** Everything that it has written. */
  readonly output: () => string
  /** Waits until it has written something that fits. */
  readonly says: (pattern: RegExp) => Effect.Effect<string>
  readonly kill: (signal: NodeJS.Signals) => void
  readonly ended: Effect.Effect<number>
}

/** A command line in a shell, with a process group of its own that ends with the scope. */
export const start = (cwd: string, line: string, settings: Readonly<Record<string, string>> = {}) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn("/bin/sh", ["-c", line], {
        cwd,
        env: environment(settings),
        stdio: ["ignore", "pipe", "pipe"],
        detached: true
      })
      let written = ""
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => written += String(chunk))
      const closed = once(child, "close").then(([code]) => Number(code ?? 1))
      let hasEnded = false
      void closed.then(() => hasEnded = true)
      const kill = (signal: NodeJS.Signals) => {
        if (child.pid !== undefined && !hasEnded) process.kill(-child.pid, signal)
      }
      const says = (pattern: RegExp) =>
        Effect.promise(async () => {
          while (!pattern.test(written)) {
            if (hasEnded) throw new Error(`${line} ended with:\n${written}`)
            await Promise.race([once(child.stdout, "data"), once(child.stderr, "data"), closed])
          }
          return written
        })
      const running: Running = { output: () => written, says, kill, ended: Effect.promise(() => closed) }
      return running
    }),
    ({ kill }) => Effect.sync(() => kill("SIGKILL"))
  )

/** Runs to the end, which has to be a good one; answers what it wrote. */
export const run = (cwd: string, line: string, settings: Readonly<Record<string, string>> = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const { ended, output } = yield* start(cwd, line, settings)
    const code = yield* ended
    if (code !== 0) return yield* Effect.die(new Error(`${line} ended with ${code}:\n${output()}`))
    return output()
  }))
