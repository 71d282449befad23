#!/usr/bin/env node
/**
 * Starts the CLI on a Node that is new enough, and in a clone builds it first when the sources have changed.
 *
 * Plain JavaScript for Node 18 and newer, because this file is what an older Node meets. Where it is new enough the CLI
 * runs in this very process. Otherwise it runs on the Node that npm installed with the package, and this process only
 * passes on signals and the way it ended.
 */
import { spawn, spawnSync } from "node:child_process"
import { existsSync, readdirSync, statSync, writeSync } from "node:fs"
import { constants } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { installedNode } from "./installedNode.mjs"

/** The oldest Node that Effect 4 runs on. */
const oldest = [22, 19]

/** sysexits.h: something that is needed is not there. */
const exitUnavailable = 69

const root = fileURLToPath(new URL("..", import.meta.url))

const fail = (message) => {
  console.error(`odd-dashboard: ${message}`)
  process.exit(exitUnavailable)
}

const isNewEnough = () => {
  const [major, minor] = process.versions.node.split(".").map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

/** Newest change among files and folders; a folder changes when something in it comes or goes. */
const lastChange = (path) => {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 0
  if (!found.isDirectory()) return found.mtimeMs
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => lastChange(join(path, name))))
}

/** An installed package has no sources and is complete. */
const isBuilt = () => {
  if (!existsSync(join(root, "src"))) return true
  const built = statSync(join(root, "dist", ".built"), { throwIfNoEntry: false })?.mtimeMs ?? 0
  return ["src", "scripts/build.ts", "package-lock.json"].every((name) => lastChange(join(root, name)) < built)
}

const build = () => {
  console.error("odd-dashboard: building, because the sources have changed")
  const script = join(root, "scripts", "build.ts")
  const { status } = spawnSync(process.execPath, [script, "--quiet"], { cwd: root, stdio: ["ignore", 2, 2] })
  if (status !== 0) fail("the build failed; `npm ci` installs what it needs")
}

/** Leaves the alternate screen, shows the cursor, ends bracketed paste and colours. */
const normalScreen = "\u001b[?1049l\u001b[?25h\u001b[?2004l\u001b[0m"

/** A screen that was killed has put nothing back: it is known by the terminal that still hands on every key at once. */
const restoreTerminal = () => {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return
  const stty = (...args) => spawnSync("stty", args, { stdio: ["inherit", "pipe", "ignore"], encoding: "utf8" }).stdout
  if (!/(^|\s)-icanon\b/u.test(stty("-a") ?? "")) return
  stty("sane")
  writeSync(process.stdout.fd, normalScreen)
}

/**
 * Runs this file again on another Node.
 *
 * In a terminal both processes get what is typed there, Ctrl-C included, so it is not passed on: the second Ctrl-C has a
 * meaning of its own. Without a terminal the other process gets a group of its own, and every signal through us.
 * Through the channel between the two it notices when we are killed, and goes as well; its threads, which load the same,
 * have no channel.
 */
const runOn = (node) => {
  const isTerminal = process.stdin.isTTY
  const follow =
    "data:text/javascript,process.channel?.unref();process.on('disconnect',()=>process.kill(process.pid,'SIGKILL'))"
  const child = spawn(node, ["--import", follow, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    detached: !isTerminal
  })
  child.on("error", (error) => fail(`${node} does not start: ${error.message}`))
  for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR2"]) {
    const typed = signal === "SIGINT" || signal === "SIGQUIT"
    process.on(signal, () => typed && isTerminal || child.kill(signal))
  }
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code)
    restoreTerminal()
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
    // A signal that does not end a process by itself is told the way a shell tells it.
    setTimeout(() => process.exit(128 + constants.signals[signal]), 1000)
  })
}

if (isNewEnough()) {
  if (!isBuilt()) build()
  await import(new URL("../dist/cli.mjs", import.meta.url).href)
} else {
  const node = installedNode()
  if (node === undefined) {
    fail(
      `needs Node ${oldest.join(".")} or newer, this is ${process.versions.node}; ` +
        "install Node 24, or this package again without --omit=optional"
    )
  }
  runOn(node)
}
