/** Commands as a user runs them: the program in a process of its own, with its exit code and both outputs. */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { join } from "node:path"

const root = join(import.meta.dirname, "../..")

export interface Ran {
  readonly code: number | NodeJS.Signals
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly settings?: Readonly<Record<string, string>>
  /** Standard input. Default: none. */
  readonly input?: string
  /** Sends SIGINT when the standard output has this. */
  readonly interruptAt?: RegExp
  /** Which program. Default: the sources. */
  readonly program?: string
}

/** Settings of whoever runs the tests must not reach the command. */
const clean = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("ODTO_")))

export const command = (args: ReadonlyArray<string>, { input, interruptAt, program, settings = {} }: RunOptions = {}) =>
  Effect.callback<Ran>((resume) => {
    const child = spawn(process.execPath, [program ?? join(root, "src/cli/main.ts"), ...args], {
      cwd: root,
      env: { ...clean(), ...settings },
      stdio: ["pipe", "pipe", "pipe"]
    })
    const written = { stdout: "", stderr: "" }
    let interrupted = false
    child.stdout.on("data", (chunk: Buffer) => {
      written.stdout += chunk.toString("utf8")
      if (interruptAt?.test(written.stdout) !== true || interrupted) return
      interrupted = true
      child.kill("SIGINT")
    })
    child.stderr.on("data", (chunk: Buffer) => {
      written.stderr += chunk.toString("utf8")
    })
    child.stdin.on("error", () => {}) // a command that fails early reads no further
    child.stdin.end(input ?? "")
    child.on("close", (code, signal) => resume(Effect.succeed({ code: code ?? signal ?? "SIGKILL", ...written })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** The output as JSON, line by line. */
export const jsonLines = ({ stdout }: Ran) => stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
