/**
 * What a test server needs of the machine: a port, a directory, a program that is installed, an account to run under,
 * and the certainty that nothing of it stays behind.
 */
import { execFileSync, spawn } from "node:child_process"
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync
} from "node:fs"
import { createServer, Socket } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"

/** Whom a server runs as. Empty: as ourselves. */
export interface Account {
  readonly uid?: number
  readonly gid?: number
}

export const isRoot = process.getuid?.() === 0

/** The account `name` when we are root (the servers refuse to run as root), ourselves otherwise. */
export const accountOf = (name: string): Account | undefined => {
  if (!isRoot) return {}
  try {
    const id = (what: string) => Number(execFileSync("id", [what, name], { stdio: ["ignore", "pipe", "ignore"] }))
    return { uid: id("-u"), gid: id("-g") }
  } catch {
    return undefined
  }
}

/** Where `program` is: in one of `directories` (the last part may be `*`, the highest version wins), else on the path. */
export const findProgram = (program: string, directories: ReadonlyArray<string> = []): string | undefined =>
  [...directories.flatMap(expand), ...(process.env.PATH ?? "").split(delimiter)]
    .map((directory) => join(directory, program))
    .find(isExecutable)

const expand = (pattern: string): ReadonlyArray<string> => {
  const [before = "", after = ""] = pattern.split("*")
  if (!pattern.includes("*")) return [pattern]
  if (!existsSync(before)) return []
  return readdirSync(before).toSorted((a, b) => Number(b) - Number(a)).map((version) => `${before}${version}${after}`)
}

const isExecutable = (path: string) => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Ports below those that the system gives to outgoing connections, so that a server finds its port free when it is
 * started again.
 */
const firstPort = 20_000
const lastPort = 32_000
const taken = new Set<number>()

/** A port of 127.0.0.1 that nobody listens on, given out once per process. */
export const freePort = async (): Promise<number> => {
  const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort))
  if (taken.has(port) || !(await isFree(port))) return freePort()
  taken.add(port)
  return port
}

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const probe = createServer().on("error", () => resolve(false))
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)))
  })

/** A new directory of the account, under the system's temporary directory unless told otherwise. */
export const temporaryDirectory = (account: Account, parent = realpathSync(tmpdir())): string => {
  const directory = mkdtempSync(join(parent, "odto-test-"))
  if (account.uid !== undefined && account.gid !== undefined) chownSync(directory, account.uid, account.gid)
  chmodSync(directory, 0o755)
  return directory
}

/** How long a killed server's children get to notice before its directory is removed under them. */
const graceSeconds = 1

/**
 * Kills `pid` and removes `directory` when this process is gone, whatever ended it: a shell waits at the other end of a
 * pipe, and only we hold this one open. The answer ends the watch, for a server that has ended by itself.
 */
export const guard = (pid: number, directory: string): () => void => {
  const script = `read -r _; kill -KILL "$1" 2>/dev/null; sleep ${graceSeconds}; rm -rf -- "$0"`
  const watcher = spawn("/bin/sh", ["-c", script, directory, String(pid)], {
    detached: true, // a Ctrl-C in the terminal must not reach it
    stdio: ["pipe", "ignore", "ignore"]
  })
  watcher.unref()
  if (watcher.stdin instanceof Socket) watcher.stdin.unref()
  return () => {
    watcher.kill("SIGKILL")
  }
}

/** How often it is looked whether killed processes are gone. */
const goneEveryMillis = 5

/** `pid` and all that it started, parents first. */
export const processTree = (pid: number): ReadonlyArray<number> => {
  const children = new Map<number, Array<number>>()
  for (const line of execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n")) {
    const [child = 0, parent = 0] = line.trim().split(/\s+/).map(Number)
    children.set(parent, [...children.get(parent) ?? [], child])
  }
  const below = (one: number): ReadonlyArray<number> => [one, ...(children.get(one) ?? []).flatMap(below)]
  return below(pid)
}

/** Sends a signal to processes of ours; one that has ended meanwhile is no error. */
export const signalAll = (pids: ReadonlyArray<number>, signal: NodeJS.Signals) => {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error
    }
  }
}

/** Whether a process still holds anything: one that has ended and that nobody has asked for yet does not. */
const holdsOn = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/mu.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

/** Resolves when the processes are gone; memory that they share is free only then. */
export const untilGone = async (pids: ReadonlyArray<number>, deadline: number): Promise<void> => {
  if (Date.now() > deadline || !pids.some(holdsOn)) return
  await pause(goneEveryMillis)
  return untilGone(pids, deadline)
}
