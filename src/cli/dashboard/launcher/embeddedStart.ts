/**
 * Starts the embedded system as a process that outlives the dashboard, and waits until it answers. What it says goes to a
 * file in the data folder.
 */
import { Effect, Schedule } from "effect"
import { spawn } from "node:child_process"
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { dataFolder } from "../../doctor/dataFolder.ts"
import { ports } from "../../doctor/ports.ts"
import { logFile } from "../../embeddedLog.ts"
import { messageOf } from "../../failure.ts"
import { packageRoot } from "../../home.ts"
import { asTyped } from "../../invocation.ts"
import type { LauncherMessage } from "./LauncherState.ts"
import { reach } from "./Situation.ts"

/** A first start makes a database: some seconds on a slow machine. */
const patienceMillis = 60_000
const askEvery = "100 millis"
/** Lines of the log that tell why it did not start. */
const toldLines = 3

/** How this program is started, in a clone as well as from a package. */
export const launcher = join(packageRoot, "bin", "odd-dashboard.mjs")

const lastLines = (file: string): string => {
  try {
    return readFileSync(file, "utf8").trim().split("\n").slice(-toldLines).join("\n")
  } catch {
    return "it said nothing"
  }
}

/** The process, and a promise of its early end. */
const begin = (home: string) => {
  mkdirSync(home, { recursive: true })
  const log = openSync(logFile(home), "w")
  try {
    const child = spawn(process.execPath, [launcher, "up", "--home", home], {
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, ODTO_LOG_FORMAT: "text" }
    })
    child.unref()
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message))
      child.once("exit", (code, signal) => resolve(`it ended with ${code ?? signal}`))
    })
    return { pid: child.pid, ended }
  } finally {
    closeSync(log)
  }
}

/** What would keep it from starting, each with what to do about it; empty when nothing would. */
const obstacles = Effect.all([ports, dataFolder]).pipe(
  Effect.map((found) =>
    found.flat().flatMap(({ detail, fix, state }) => state === "ok" ? [] : [asTyped(`${detail}; ${fix}`)])
  ),
  Effect.catch((error) => Effect.succeed([messageOf(error)]))
)

/** Tells of each step; true when the system answers. */
export const startEmbedded = (home: string, tell: (message: LauncherMessage) => void) =>
  Effect.gen(function*() {
    const at = () => Date.now()
    tell({ _tag: "StepBegan", name: "look at ports and data folder", at: at() })
    const found = yield* obstacles
    if (found.length > 0) {
      tell({ _tag: "StepFailed", detail: found.join("\n"), at: at() })
      return false
    }
    tell({ _tag: "StepEnded", at: at() })
    tell({ _tag: "StepBegan", name: "start the process", detail: `its words go to ${logFile(home)}`, at: at() })
    const { ended, pid } = yield* Effect.sync(() => begin(home))
    tell({ _tag: "StepEnded", at: at() })
    tell({
      _tag: "StepBegan",
      name: `wait until process ${pid ?? "?"} answers`,
      detail: "a first start makes the database, which takes a few seconds",
      at: at()
    })
    const answers = reach.pipe(
      Effect.repeat({ until: ({ trouble }) => trouble === undefined, schedule: Schedule.spaced(askEvery) }),
      Effect.as(undefined)
    )
    const trouble = yield* Effect.raceFirst(answers, Effect.promise(() => ended)).pipe(
      Effect.timeoutOrElse({
        duration: patienceMillis,
        orElse: () => Effect.succeed(`it does not answer within ${patienceMillis / 1_000} s`)
      })
    )
    if (trouble === undefined) {
      tell({ _tag: "StepEnded", at: at() })
      return true
    }
    tell({
      _tag: "StepFailed",
      detail: `${trouble}; the end of ${logFile(home)}:\n${lastLines(logFile(home))}`,
      at: at()
    })
    return false
  })
