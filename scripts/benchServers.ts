/**
 * Measures the five programs, each a process of its own, on real servers that are started for it on free ports:
 * PostgreSQL, RabbitMQ, Redis and MongoDB as the tests have them (`sudo test/support/install-servers` installs them).
 *
 *     npm run -s bench:servers -- --rate 500 --seconds 60      takes what `odd-dashboard bench` takes
 *
 * After the report of `bench` comes the processor time that every process took meanwhile.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { startNew } from "../test/support/servers/kinds.ts"
import { freePort } from "../test/support/servers/machine.ts"

const root = join(import.meta.dirname, "..")
const launcher = join(root, "bin/odd-dashboard.mjs")
const kindsInOrder = ["postgres", "rabbitmq", "redis", "mongodb"] as const
const urlVariables = {
  postgres: "ODTO_DATABASE_URL",
  rabbitmq: "ODTO_AMQP_URL",
  redis: "ODTO_REDIS_URL",
  mongodb: "ODTO_MONGODB_URL"
} as const
const portVariables = {
  gateway: "ODTO_GATEWAY_PORT",
  "read-model": "ODTO_READ_MODEL_PORT",
  dispatcher: "ODTO_OPS_PORT",
  processor: "ODTO_OPS_PORT",
  "metrics-engine": "ODTO_OPS_PORT"
} as const
const startMillis = 60_000
const endMillis = 30_000
/** Clock ticks of a second in /proc: 100 on every Linux. */
const ticks = 100

const untilReady = async (url: string) => {
  const giveUpAt = Date.now() + startMillis
  while (Date.now() < giveUpAt) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok === true) return
    await pause(100)
  }
  throw new Error(`${url} is not ready after ${startMillis} ms`)
}

/** Seconds of processor time by what runs: our programs by name, servers by their process name. */
const processorSeconds = (programs: ReadonlyMap<number, string>) => {
  const seconds = new Map<string, number>()
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/u.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
      const name = programs.get(Number(pid)) ?? stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"))
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
      // User and system time of itself and of children that have ended.
      const used = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / ticks
      seconds.set(name, (seconds.get(name) ?? 0) + used)
    } catch {
      // It has ended since the directory was read.
    }
  }
  return seconds
}

const ended = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise<number | null>((resolve) => child.once("exit", resolve))

const servers = await Promise.all(kindsInOrder.map(async (kind) => ({ kind, server: await startNew(kind) })))
const children: Array<ChildProcess> = []
try {
  const urls = Object.fromEntries(servers.map(({ kind, server }) => [urlVariables[kind], server.url]))
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("ODTO_")))
  const programs = new Map<number, string>()
  const addresses = new Map<string, string>()
  for (const [program, variable] of Object.entries(portVariables)) {
    const port = await freePort()
    const child = spawn(process.execPath, [launcher, "serve", program], {
      cwd: root,
      env: { ...own, ...urls, [variable]: String(port) },
      stdio: ["ignore", "ignore", "inherit"]
    })
    children.push(child)
    if (child.pid !== undefined) programs.set(child.pid, program)
    addresses.set(program, `http://127.0.0.1:${port}`)
    await untilReady(`http://127.0.0.1:${port}`)
  }
  const before = processorSeconds(programs)
  const bench = spawn(process.execPath, [launcher, "bench", ...process.argv.slice(2)], {
    cwd: root,
    env: {
      ...own,
      ODTO_GATEWAY_URL: addresses.get("gateway"),
      ODTO_READ_MODEL_URL: addresses.get("read-model")
    },
    stdio: ["ignore", "inherit", "inherit"]
  })
  process.exitCode = (await ended(bench)) ?? 1
  console.error("\nPROCESSOR SECONDS")
  const used = [...processorSeconds(programs)].map(([name, after]) => [name, after - (before.get(name) ?? 0)] as const)
  for (const [name, seconds] of used.toSorted(([, a], [, b]) => b - a)) {
    if (seconds >= 0.2) console.error(`  ${name.padEnd(16)}${seconds.toFixed(1)}`)
  }
} finally {
  for (const child of children) child.kill("SIGTERM")
  await Promise.race([Promise.all(children.map(ended)), pause(endMillis, undefined, { ref: false })])
  for (const child of children) child.kill("SIGKILL")
  await Promise.allSettled(servers.map(({ server }) => server.dispose()))
}
