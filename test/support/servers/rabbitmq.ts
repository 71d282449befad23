/**
 * RabbitMQ 3.10 or newer as a node of its own, with its own port mapper (epmd), so that it neither finds nor disturbs a
 * broker that runs on the machine. The management API is on: virtual hosts come and go through it, and it costs no
 * time at the start.
 */
import { once } from "node:events"
import { mkdirSync, writeFileSync } from "node:fs"
import { chownSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import type { Recipe } from "./LocalServer.ts"
import { accountOf, findProgram, freePort } from "./machine.ts"

/** Debian's command on the path runs only as root or rabbitmq and writes to the system's log; the script itself does not. */
const server = () => findProgram("rabbitmq-server", ["/usr/lib/rabbitmq/bin"])
const epmd = () => findProgram("epmd", ["/usr/lib/erlang/bin"])

export const account = () => accountOf("rabbitmq") ?? {}

/** Why it cannot be started here, if so. */
export const missing = (): string | undefined =>
  server() === undefined || epmd() === undefined
    ? "rabbitmq-server is not installed"
    : accountOf("rabbitmq") === undefined
    ? "there is no user rabbitmq to run it as"
    : undefined

export const prepare = async (directory: string): Promise<Recipe> => {
  const [amqp, management, metrics, distribution, mapper] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort()
  ]
  const inside = (name: string) => join(directory, name)
  mkdirSync(inside("mnesia"))
  mkdirSync(inside("logs"))
  writeFileSync(inside("enabled_plugins"), "[rabbitmq_management, rabbitmq_prometheus].\n")
  writeFileSync(
    inside("rabbitmq.conf"),
    [
      `listeners.tcp.1 = 127.0.0.1:${amqp}`,
      "management.tcp.ip = 127.0.0.1",
      `management.tcp.port = ${management}`,
      "prometheus.tcp.ip = 127.0.0.1",
      `prometheus.tcp.port = ${metrics}`,
      "log.console = true",
      "log.console.level = warning",
      "log.file = false",
      ""
    ].join("\n")
  )
  const { uid, gid } = account()
  if (uid !== undefined && gid !== undefined) {
    for (const name of ["mnesia", "logs", "enabled_plugins", "rabbitmq.conf"]) chownSync(inside(name), uid, gid)
  }
  return {
    url: `amqp://guest:guest@127.0.0.1:${amqp}`,
    managementUrl: `http://guest:guest@127.0.0.1:${management}`,
    metricsUrl: `http://127.0.0.1:${metrics}`,
    programs: [
      {
        command: epmd() ?? "",
        args: ["-address", "127.0.0.1", "-port", String(mapper)],
        account: account(),
        answers: () => accepts(mapper),
        stopSignal: "SIGTERM"
      },
      {
        command: server() ?? "",
        args: [],
        account: account(),
        env: {
          RABBITMQ_NODENAME: `odto${amqp}@localhost`,
          RABBITMQ_DIST_PORT: String(distribution),
          ERL_EPMD_PORT: String(mapper),
          ERL_EPMD_ADDRESS: "127.0.0.1",
          RABBITMQ_MNESIA_BASE: inside("mnesia"),
          RABBITMQ_LOG_BASE: inside("logs"),
          RABBITMQ_CONFIG_FILE: inside("rabbitmq.conf"),
          RABBITMQ_ENABLED_PLUGINS_FILE: inside("enabled_plugins"),
          RABBITMQ_PID_FILE: inside("pid"),
          RABBITMQ_CONF_ENV_FILE: "/dev/null",
          RABBITMQ_ALLOW_INPUT: "1", // the script becomes the server instead of waiting for it
          RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-noinput"
        },
        answers: () => accepts(amqp),
        stopSignal: "SIGTERM"
      }
    ]
  }
}

/** RabbitMQ opens its listeners as the last step of its start. */
const accepts = async (port: number) => {
  const socket = connect(port, "127.0.0.1")
  try {
    await once(socket, "connect")
  } finally {
    socket.destroy()
  }
}

/** Asks the management API and fails on any answer but success. */
export const manage = async (
  managementUrl: string,
  method: "GET" | "PUT" | "DELETE",
  path: string
): Promise<unknown> => {
  const { username, password, origin } = new URL(managementUrl)
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64")
  const response = await fetch(`${origin}/api/${path}`, { method, headers: { authorization: `Basic ${credentials}` } })
  const body = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${body}`)
  return body === "" ? undefined : JSON.parse(body)
}
