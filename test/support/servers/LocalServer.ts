/**
 * One server of a test: its programs as child processes, on ports of its own, with data of its own.
 *
 * It can be killed, stopped, frozen and started again on the same ports and data. Whatever ends the test process ends
 * the server too and removes its directory.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, openSync, readFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { basename, join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { type Account, guard, processTree, signalAll, untilGone } from "./machine.ts"

export interface Program {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly account: Account
  readonly env?: Record<string, string>
  /** Fails as long as the program does not serve. */
  readonly answers: () => Promise<unknown>
  /** Ends the program in good order. */
  readonly stopSignal: NodeJS.Signals
}

/** What a kind of server consists of, once its data is there. */
export interface Recipe {
  readonly url: string
  /** RabbitMQ's HTTP API, with user and password in the URL. */
  readonly managementUrl?: string
  /** Where RabbitMQ answers Prometheus. */
  readonly metricsUrl?: string
  /** In the order of starting; the last one is what serves the URL. */
  readonly programs: ReadonlyArray<Program>
}

export interface LocalServer {
  readonly url: string
  /** Where its configuration and data are. */
  readonly directory: string
  readonly managementUrl: string | undefined
  readonly metricsUrl: string | undefined
  /** The process that serves the URL, or undefined while there is none. */
  readonly pid: () => number | undefined
  /** Does nothing when it runs; resolves when it answers. */
  readonly start: () => Promise<void>
  /** Ends it in good order. The data stays. */
  readonly stop: () => Promise<void>
  /** SIGKILL to all its processes at once. The data stays. */
  readonly crash: () => Promise<void>
  /** SIGSTOP to all its processes: connections stay open and nothing answers. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** Ends it and removes its data. */
  readonly dispose: () => Promise<void>
}

/** RabbitMQ takes 5 s on an idle machine with 2 cores; ten times that is a machine that will not do. */
const startMillis = 60_000
/** How often a starting program is asked. Short against the quickest start, 20 ms. */
const askEveryMillis = 20
/** Killed processes are gone in milliseconds; on a machine that is overloaded, later. */
const goneMillis = 5_000
/** A server that has not ended in good order by then is killed. */
const stopMillis = 15_000

interface Running {
  readonly program: Program
  readonly child: ChildProcess
  readonly pid: number
  readonly ended: Promise<unknown>
}

export const localServer = (name: string, directory: string, recipe: Recipe): LocalServer => {
  const log = join(directory, "log")
  let running: Array<Running> = []

  const launch = (program: Program): Running => {
    const output = openSync(log, "a")
    const child = spawn(program.command, program.args, {
      ...program.account,
      cwd: directory,
      detached: true,
      env: { PATH: process.env.PATH ?? "", LANG: "C", HOME: directory, ...program.env },
      stdio: ["ignore", output, output]
    })
    closeSync(output)
    child.unref()
    const { pid } = child
    if (pid === undefined) throw new Error(`${program.command} cannot be started`)
    const unguard = guard(pid, directory)
    const ended = once(child, "exit").then(unguard)
    return { program, child, pid, ended }
  }

  const hasEnded = ({ child }: Running) => child.exitCode !== null || child.signalCode !== null

  const untilItAnswers = async (one: Running, deadline: number): Promise<void> => {
    try {
      await one.program.answers()
    } catch (reason) {
      if (hasEnded(one) || Date.now() > deadline) {
        const lines = readFileSync(log, "utf8").trimEnd().split("\n").slice(-20).join("\n")
        throw new Error(`${name}: ${basename(one.program.command)} does not start\n${lines}`, { cause: reason })
      }
      await pause(askEveryMillis)
      return untilItAnswers(one, deadline)
    }
  }

  const start = async () => {
    if (running.length > 0) return
    for (const program of recipe.programs) {
      const one = launch(program)
      running.push(one)
      await untilItAnswers(one, Date.now() + startMillis)
    }
  }

  const crash = async () => {
    const victims = running
    running = []
    for (const { child } of victims) child.ref()
    const alive = victims.filter((one) => !hasEnded(one)).map(({ pid }) => pid)
    // Held first, so that none starts another process while they are counted.
    signalAll(alive, "SIGSTOP")
    const all = alive.flatMap(processTree)
    signalAll(all, "SIGKILL")
    await Promise.all(victims.map(({ ended }) => ended))
    await untilGone(all, Date.now() + goneMillis)
  }

  const stop = async () => {
    for (const one of running.toReversed()) {
      one.child.ref()
      if (!hasEnded(one)) signalAll([one.pid], one.program.stopSignal)
      await Promise.race([one.ended, pause(stopMillis, undefined, { ref: false })])
    }
    await crash()
  }

  const toAll = (signal: NodeJS.Signals) => () => signalAll(running.flatMap(({ pid }) => processTree(pid)), signal)

  return {
    url: recipe.url,
    directory,
    managementUrl: recipe.managementUrl,
    metricsUrl: recipe.metricsUrl,
    pid: () => running.at(-1)?.pid,
    start,
    stop,
    crash,
    freeze: toAll("SIGSTOP"),
    thaw: toAll("SIGCONT"),
    dispose: async () => {
      await crash()
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}
