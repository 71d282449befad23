/** What the terminal itself can do: take a copy, be put to sleep, give way to a browser. */
import { spawn } from "node:child_process"
import { copyText } from "./clipboard.ts"
import type { Terminal } from "./live/perform.ts"

/** A process that cannot be put to sleep, for want of a shell that could wake it, goes on after this long. */
const sleepMillis = 200

/** What opens addresses says at once that it has found no browser; what is still at it after this long has found one. */
const openMillis = 1_000

type Suspend = () => Promise<{ readonly resume: () => Promise<void> }>

/** What Ink lends while the dashboard is on the screen. */
export interface Lent {
  readonly suspend: Suspend
  readonly quit: () => void
}

export interface LentTerminal extends Terminal {
  readonly lend: (lent: Lent) => void
}

const opener = (): readonly [string, ...ReadonlyArray<string>] | undefined => {
  if (process.platform === "darwin") return ["open"]
  if (process.platform === "win32") return ["explorer"]
  return process.env["DISPLAY"] === undefined && process.env["WAYLAND_DISPLAY"] === undefined ? undefined : ["xdg-open"]
}

const browse = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const command = process.env["SSH_CONNECTION"] === undefined ? opener() : undefined
    if (command === undefined) return resolve(false)
    const [name, ...args] = command
    const child = spawn(name, [...args, url], { stdio: "ignore", detached: true })
    child.on("error", () => resolve(false))
    child.on("spawn", () => child.unref())
    // That of Windows ends with a failure whatever it does.
    child.on("exit", (code) => resolve(code === 0 || process.platform === "win32"))
    setTimeout(() => resolve(true), openMillis).unref()
  })

export const makeTerminal = (): LentTerminal => {
  let lent: Lent | undefined
  const sleep = async () => {
    const suspension = await lent?.suspend()
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        process.removeListener("SIGCONT", wake)
        resolve()
      }
      const timer = setTimeout(wake, sleepMillis)
      process.once("SIGCONT", wake)
      // The whole group, as a terminal does it: npm and the shell script before us sleep as well.
      process.kill(0, "SIGTSTP")
    })
    await suspension?.resume()
  }
  return {
    lend: (given) => {
      lent = given
    },
    copy: copyText,
    browse,
    suspend: () => {
      if (process.platform !== "win32") sleep().catch(() => undefined)
    },
    quit: () => lent?.quit()
  }
}
