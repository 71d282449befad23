/**
 * `shell.command`: runs a program that the operator allowed by name. There is no shell: the arguments are fixed, and a
 * job may add its own only where the entry allows it. The whole payload goes to standard input, as JSON.
 *
 * Off unless ODTO_SHELL_COMMANDS names a JSON file: `{ "<name>": { "argv": ["/usr/bin/convert", "-strip"], … } }`.
 */
import { Result, Schema } from "effect"
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { defineJobType, NonRetryable } from "./defineJobType.ts"

export const ShellCommandEntry = Schema.Struct({
  /** Program and fixed arguments. */
  argv: Schema.Array(Schema.NonEmptyString).check(Schema.isMinLength(1)),
  /** How many arguments a job may add. Default: none. */
  extraArgs: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))),
  cwd: Schema.optionalKey(Schema.NonEmptyString),
  /** The environment of the program, besides PATH and HOME. Nothing else is passed on. */
  env: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})
export type ShellCommandEntry = typeof ShellCommandEntry.Type
export const ShellCommands = Schema.Record(Schema.NonEmptyString, ShellCommandEntry)
export type ShellCommands = typeof ShellCommands.Type

export class InvalidShellCommands extends Schema.TaggedError<InvalidShellCommands>()("InvalidShellCommands", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `ODTO_SHELL_COMMANDS: ${this.path}: ${this.detail}`
  }
}

/** Reads the file of allowed commands. Throws `InvalidShellCommands`. */
export const readShellCommands = (path: string): ShellCommands => {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch (cause) {
    throw new InvalidShellCommands({ path, detail: cause instanceof Error ? cause.message : String(cause) })
  }
  const read = Schema.decodeUnknownResult(Schema.fromJsonString(ShellCommands))(text, { onExcessProperty: "error" })
  if (Result.isFailure(read)) throw new InvalidShellCommands({ path, detail: read.failure.message })
  return read.success
}

const Payload = Schema.Struct({
  name: Schema.NonEmptyString,
  args: Schema.optionalKey(
    Schema.Array(Schema.String.check(Schema.isPattern(/^[^\0]*$/u), Schema.isMaxLength(4_096))).check(
      Schema.isMaxLength(100)
    )
  ),
  /** Whatever the program reads from its standard input, where the whole payload goes. */
  input: Schema.optionalKey(Schema.Json)
})

const Output = Schema.Struct({
  exitCode: Schema.Int,
  stdout: Schema.String,
  stderr: Schema.String,
  truncated: Schema.Boolean
})

/** Bytes of the beginning of each output stream that a result keeps. */
const maxOutputBytes = 16 * 1024
/** Bytes of the end of the output that an error repeats. */
const lastWordsBytes = 1_000
/** Between the polite signal and the one that cannot be ignored. */
const killAfterMillis = 2_000
/** What the program wrote is in the pipes when it ends, and read in a moment; who holds them longer is not waited for. */
const pipesAfterExitMillis = 500

class CommandFailed extends Error {
  override readonly name = "CommandFailed"
}

/** Keeps the beginning of a stream, and its end: what a program says last is why it failed. */
const capture = (stream: NodeJS.ReadableStream) => {
  const chunks: Array<Buffer> = []
  let kept = 0
  let bytes = 0
  let end = Buffer.alloc(0)
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length
    end = Buffer.concat([end, chunk.subarray(-lastWordsBytes)]).subarray(-lastWordsBytes)
    if (kept === maxOutputBytes) return
    const part = chunk.subarray(0, maxOutputBytes - kept)
    kept += part.length
    chunks.push(part)
  })
  return () => ({
    text: Buffer.concat(chunks).toString("utf8"),
    lastWords: end.toString("utf8"),
    truncated: bytes > maxOutputBytes
  })
}

/** Process groups that run now, by their leaders. They would outlive us: a signal to our group does not reach theirs. */
const liveGroups = new Set<number>()

const killGroup = (leader: number, with_: NodeJS.Signals) => {
  try {
    process.kill(-leader, with_)
  } catch {
    // The group has ended already.
  }
}

const killAll = () => {
  for (const leader of liveGroups) killGroup(leader, "SIGKILL")
}

/** However the process comes to its end, short of SIGKILL; one listener for all children. */
const endWithUs = (leader: number) => {
  if (!process.listeners("exit").includes(killAll)) process.on("exit", killAll)
  liveGroups.add(leader)
}

const run = (entry: ShellCommandEntry, args: ReadonlyArray<string>, input: string, signal: AbortSignal) =>
  new Promise<typeof Output.Type>((resolve, reject) => {
    const [program = "", ...fixed] = entry.argv
    // A process group of its own, so that what the program started ends with it.
    const child = spawn(program, [...fixed, ...args], {
      cwd: entry.cwd,
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...entry.env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true
    })
    const leader = child.pid
    if (leader !== undefined) endWithUs(leader)
    const end = (with_: NodeJS.Signals) => {
      if (leader !== undefined) killGroup(leader, with_)
    }
    let killer: NodeJS.Timeout | undefined
    const stop = () => {
      end("SIGTERM")
      killer = setTimeout(() => end("SIGKILL"), killAfterMillis)
    }
    child.on("error", (cause) => {
      signal.removeEventListener("abort", stop)
      clearTimeout(killer)
      reject(new NonRetryable(`cannot start ${program}: ${cause.message}`))
    })
    const stdout = capture(child.stdout)
    const stderr = capture(child.stderr)
    if (signal.aborted) stop()
    signal.addEventListener("abort", stop, { once: true })
    const settle = (code: number | null, killedBy: NodeJS.Signals | null) => {
      signal.removeEventListener("abort", stop)
      clearTimeout(killer)
      end("SIGKILL")
      if (leader !== undefined) liveGroups.delete(leader)
      // Whoever left the group may still hold them.
      child.stdout.destroy()
      child.stderr.destroy()
      child.stdin.destroy()
      const out = stdout()
      const err = stderr()
      if (code === 0) {
        return resolve({ exitCode: 0, stdout: out.text, stderr: err.text, truncated: out.truncated || err.truncated })
      }
      const how = killedBy === null ? `exit code ${code}` : `signal ${killedBy}`
      return reject(new CommandFailed(`${program} ended with ${how}: ${err.lastWords || out.lastWords}`))
    }
    child.on("exit", (code, killedBy) => {
      const settled = () => {
        clearTimeout(enough)
        child.off("close", settled)
        settle(code, killedBy)
      }
      const enough = setTimeout(settled, pipesAfterExitMillis)
      child.on("close", settled)
    })
    // A program that does not read its input closes the pipe: not an error of the job.
    child.stdin.on("error", () => {})
    child.stdin.end(input)
  })

export const shellCommand = (commands: ShellCommands) =>
  defineJobType({
    name: "shell.command",
    description: `Runs one of the allowed commands: ${Object.keys(commands).join(", ")}`.slice(0, 500),
    payload: Payload,
    result: Output,
    handler: (payload, { signal }) => {
      const { args = [], name } = payload
      const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
      if (entry === undefined) throw new NonRetryable(`the command ${JSON.stringify(name)} is not allowed here`)
      const allowed = entry.extraArgs ?? 0
      if (args.length > allowed) throw new NonRetryable(`${name} takes at most ${allowed} arguments of a job`)
      return run(entry, args, JSON.stringify(payload), signal)
    }
  })
