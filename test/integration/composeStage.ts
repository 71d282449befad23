/**
 * The same stage in Docker: programs and servers are the containers of manifests/compose.yaml, from images that are there
 * already. Ports are free ones, so that it meets no other system; Prometheus and Alertmanager are the test's own, with
 * durations that fit into the budget.
 */
import { complete, environmentLines } from "#cli/cluster/secrets.ts"
import { Effect } from "effect"
import { execFile, execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, request } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { manifests } from "../support/Manifests.ts"
import { freePort } from "../support/servers/machine.ts"
import type { ServerProgram } from "../support/System.ts"
import { Run } from "./Run.ts"

const maxOutput = 64 * 1024 * 1024

const docker = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = process.env) =>
  Effect.callback<string>((resume) => {
    execFile("docker", args, { env, encoding: "utf8", maxBuffer: maxOutput }, (error, stdout, stderr) => {
      resume(error === null ? Effect.succeed(stdout) : Effect.die(new Error(`docker ${args.join(" ")}: ${stderr}`)))
    })
  })

/** Adds the token to what has none: the paths speak to this as they speak to programs on loopback. */
const signedIn = (target: string, token: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((incoming, answer) => {
          const { method, url = "/" } = incoming
          const headers = { authorization: `Bearer ${token}`, ...incoming.headers }
          const outgoing = request(new URL(url, target), { method, headers }, (response) => {
            answer.writeHead(response.statusCode ?? 502, response.headers)
            response.pipe(answer)
          })
          outgoing.on("error", () => answer.destroy())
          answer.on("close", () => outgoing.destroy())
          incoming.pipe(outgoing)
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.closeAllConnections())
    ),
    (server) => {
      const address: AddressInfo | string | null = server.address()
      return `http://127.0.0.1:${typeof address === "object" ? address?.port ?? 0 : 0}`
    }
  )

/** Which port of this machine leads to which port of which container. */
const published = {
  gateway: 3000,
  "read-model": 8080,
  dispatcher: 9101,
  processor: 9102,
  "processor-2": 9102,
  "metrics-engine": 9103,
  postgres: 5432,
  mongodb: 27017,
  redis: 6379
} as const
type Service = keyof typeof published

const programs = ["gateway", "dispatcher", "processor", "processor-2", "metrics-engine", "read-model"] as const

interface Ports extends Record<Service, number> {
  readonly amqp: number
  readonly brokerMetrics: number
}

/**
 * Laid over compose.yaml. In the machine's own process ids, a worker names the process that is to be killed; and what is
 * killed stays away until the harness has seen that it is.
 */
const overlay = (ports: Ports): string => {
  const publish = (service: Service) => `ports: !override ["127.0.0.1:${ports[service]}:${published[service]}"]`
  const worker = "pid: host\n    restart: \"no\"\n    environment: { ODTO_CONCURRENCY: \"20\" }"
  return `services:
  gateway:
    ${publish("gateway")}
  read-model:
    ${publish("read-model")}
  dispatcher:
    ${publish("dispatcher")}
  processor:
    ${publish("processor")}
    ${worker}
  processor-2:
    extends: { file: ${JSON.stringify(join(manifests, "compose.yaml"))}, service: processor }
    ${publish("processor-2")}
    ${worker}
  metrics-engine:
    ${publish("metrics-engine")}
  postgres:
    ${publish("postgres")}
  mongodb:
    ${publish("mongodb")}
  redis:
    ${publish("redis")}
  rabbitmq:
    ports: !override ["127.0.0.1:${ports.amqp}:5672", "127.0.0.1:${ports.brokerMetrics}:15692"]
`
}

const freePorts = Effect.map(
  Effect.promise(() => Promise.all(Array.from({ length: Object.keys(published).length + 2 }, freePort))),
  (found): Ports => {
    const next = () => found.pop() ?? 0
    return {
      gateway: next(),
      "read-model": next(),
      dispatcher: next(),
      processor: next(),
      "processor-2": next(),
      "metrics-engine": next(),
      postgres: next(),
      mongodb: next(),
      redis: next(),
      amqp: next(),
      brokerMetrics: next()
    }
  }
)

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "odto-compose-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

export const composeStage = Effect.gen(function*() {
  const run = yield* Run
  const ports = yield* freePorts
  const secrets = complete(randomBytes)
  const secret = (name: string, key: string) => secrets[name]?.[key] ?? ""
  const file = join(yield* folder, "overlay.yaml")
  writeFileSync(file, overlay(ports))
  const further = process.env.ODTO_TEST_COMPOSE_FILE
  const files = [join(manifests, "compose.yaml"), file, ...(further === undefined ? [] : [further])]
  const env = {
    ...process.env,
    ...Object.fromEntries(
      environmentLines(secrets).map((line) => [line.split("=", 1)[0], line.slice(line.indexOf("=") + 1)])
    )
  }
  const compose = (...args: ReadonlyArray<string>) =>
    docker([
      "compose",
      "--project-name",
      `odto-test-${process.pid}`,
      ...files.flatMap((each) => ["--file", each]),
      ...args
    ], env)

  yield* Effect.addFinalizer(() => Effect.asVoid(compose("down", "--volumes", "--timeout", "5")))
  yield* Effect.addFinalizer(() =>
    Effect.forEach(
      [...programs, "postgres", "rabbitmq", "redis", "mongodb"],
      (service) =>
        Effect.map(compose("logs", "--no-log-prefix", service), (said) => run.keep(`logs/${service}.log`, said)),
      { discard: true }
    )
  )
  yield* compose("up", "--detach", "--wait", "--pull", "never", ...programs, "rabbitmq", "redis", "mongodb")

  const url = (service: Service) => `http://127.0.0.1:${ports[service]}`
  yield* Effect.addFinalizer(() =>
    Effect.forEach(programs, (service) =>
      Effect.map(
        Effect.promise(() => fetch(`${url(service)}/metrics`).then((answer) => answer.text(), String)),
        (page) => run.keep(`metrics/${service}.prom`, page)
      ), { discard: true })
  )
  const program = (service: (typeof programs)[number], at = url(service)) =>
    Effect.gen(function*() {
      const id = (yield* compose("ps", "--quiet", service)).trim()
      const pid = Number(yield* docker(["inspect", "--format", "{{.State.Pid}}", id]))
      const found: ServerProgram = {
        url: at,
        pid,
        output: () => "",
        kill: (signal) => void execFileSync("docker", ["kill", "--signal", signal, id]),
        ended: Effect.map(docker(["wait", id]), Number)
      }
      return found
    })
  const signed = (service: "gateway" | "read-model") =>
    Effect.flatMap(signedIn(url(service), secret("odto-tokens", "admin-token")), (at) => program(service, at))

  const again = Effect.andThen(compose("start", "processor"), program("processor"))
  return {
    gateway: yield* signed("gateway"),
    readModel: yield* signed("read-model"),
    dispatcher: yield* program("dispatcher"),
    metricsEngine: yield* program("metrics-engine"),
    processors: [yield* program("processor"), yield* program("processor-2")] as const,
    /** After it was killed, on the port that it had. */
    firstProcessorAgain: again,
    rabbitmq: {
      url: `amqp://odto:${secret("odto-rabbitmq", "password")}@127.0.0.1:${ports.amqp}`,
      metricsUrl: `http://127.0.0.1:${ports.brokerMetrics}/metrics`,
      stop: Effect.asVoid(compose("stop", "rabbitmq")),
      start: Effect.asVoid(compose("up", "--detach", "--wait", "--no-recreate", "--pull", "never", "rabbitmq"))
    },
    urls: {
      database: `postgres://odto:${secret("odto-postgres", "password")}@127.0.0.1:${ports.postgres}/odto`,
      amqp: `amqp://odto:${secret("odto-rabbitmq", "password")}@127.0.0.1:${ports.amqp}`,
      redis: `redis://:${secret("odto-redis", "password")}@127.0.0.1:${ports.redis}`,
      // Where the further file puts another server in its place.
      mongodb: process.env.ODTO_TEST_MONGODB_URL ??
        `mongodb://odto:${secret("odto-mongodb", "password")}@127.0.0.1:${ports.mongodb}/odto?authSource=admin`
    },
    webhookToken: secret("odto-tokens", "webhook-token")
  }
})
