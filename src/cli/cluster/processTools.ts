/** The tools as processes of this machine. */
import { Effect, Layer } from "effect"
import { spawn } from "node:child_process"
import { endChild } from "../endChild.ts"
import { type Call, ClusterTools, type Ran, ToolAbsent, ToolTooSlow } from "./ClusterTools.ts"

/** Characters of an answer that are kept: all objects of a namespace are some hundred thousand. */
const maxAnswer = 16 * 1024 * 1024
/** Characters of the complaints that are kept, from their end. */
const maxComplaint = 64 * 1024
/** A line longer than this is passed on in pieces. */
const maxLine = 8_192
/** Time that a program has to end by itself once it was told to. */
const endMillis = 5_000

/** Passes on whole lines; progress that overwrites itself with returns counts as lines too. */
const lineReader = (onLine: (line: string) => void) => {
  let rest = ""
  return {
    take: (text: string) => {
      const parts = (rest + text).split(/\r\n|\n|\r/u)
      rest = parts.pop() ?? ""
      if (rest.length > maxLine) {
        parts.push(rest)
        rest = ""
      }
      for (const part of parts) if (part.trim() !== "") onLine(part)
    },
    end: () => {
      if (rest.trim() !== "") onLine(rest)
    }
  }
}

const start = ({ args, cwd, env, onLine, stdin, tool }: Call) =>
  Effect.callback<Ran, ToolAbsent>((resume) => {
    const child = spawn(tool, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true
    })
    let stdout = ""
    let stderr = ""
    const reader = onLine === undefined ? undefined : { out: lineReader(onLine), err: lineReader(onLine) }
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (stdout.length < maxAnswer) stdout += text
      reader?.out.take(text)
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-maxComplaint)
      reader?.err.take(text)
    })
    child.stdin.on("error", () => {}) // one that fails early reads no further
    child.stdin.end(stdin ?? "")
    child.once("error", (error) => resume(Effect.fail(new ToolAbsent({ tool, detail: error.message }))))
    child.once("close", (code) => {
      reader?.out.end()
      reader?.err.end()
      resume(Effect.succeed({ code: code ?? 1, stdout, stderr }))
    })
    return endChild(child, "SIGTERM", endMillis)
  })

export const layer: Layer.Layer<ClusterTools> = Layer.succeed(
  ClusterTools,
  ClusterTools.of({
    run: (call) =>
      call.timeoutMillis === undefined
        ? start(call)
        : start(call).pipe(Effect.timeoutOrElse({
          duration: call.timeoutMillis,
          orElse: () => Effect.fail(new ToolTooSlow({ tool: call.tool, seconds: (call.timeoutMillis ?? 0) / 1_000 }))
        }))
  })
)
