/** Runs a command on the terminal itself, with its output shown and its prompts working. */
import { spawn } from "node:child_process"
import { setImmediate as turn } from "node:timers/promises"
import { commandText } from "../../prerequisites/Prerequisite.ts"

/**
 * Stops reading: else this process would take what is typed for the other one. Only a stream that flows can be paused, and
 * each of Ink's letting go, flowing and pausing takes effect after a turn of the event loop.
 */
const letGoOfInput = async () => {
  await turn()
  process.stdin.resume()
  await turn()
  process.stdin.pause()
  await turn()
}

/** Ctrl-C reaches every process on the terminal, and is meant for the command: until `restore` it does not end this one. */
const ignoreInterrupts = () => {
  const before = process.listeners("SIGINT")
  const nothing = () => {}
  process.removeAllListeners("SIGINT")
  process.on("SIGINT", nothing)
  return {
    restore: () => {
      process.removeListener("SIGINT", nothing)
      for (const listener of before) process.on("SIGINT", listener)
    }
  }
}

/** Ends when somebody has read what the command said. */
export const runOnTerminal = async (command: ReadonlyArray<string>): Promise<void> => {
  const [name = "", ...args] = command
  await letGoOfInput()
  const interrupts = ignoreInterrupts()
  process.stdout.write(`$ ${commandText(command)}\n`)
  const end = await new Promise<string>((resolve) => {
    const child = spawn(name, args, { stdio: "inherit" })
    child.on("error", (error) => resolve(error.message))
    child.on("close", (code, signal) => resolve(`ended with ${code ?? signal}`))
  })
  interrupts.restore()
  process.stdout.write(`\n${end}. Press Enter to go back.\n`)
  // The stream is left flowing: Ink takes it over as it is, and from a paused one it would hear nothing more.
  await new Promise<void>((resolve) => {
    process.stdin.resume()
    process.stdin.once("data", () => resolve())
  })
}
