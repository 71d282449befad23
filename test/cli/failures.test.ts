/** What commands say where no system runs, and of a command line that is wrong. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createServer, type Server } from "node:http"
import { command } from "../support/CommandLine.ts"
import { freshFolder } from "../support/Embedded.ts"
import { eventually, freePorts, start } from "../support/Programs.ts"

/** Settings under which a command finds no system: a folder of its own, and addresses where nobody listens. */
const alone = Effect.gen(function*() {
  const home = yield* freshFolder
  const { gatewayUrl, readModelUrl } = yield* freePorts
  return { ODTO_HOME: home, ODTO_GATEWAY_URL: gatewayUrl, ODTO_READ_MODEL_URL: readModelUrl }
})

/** A gateway that accepts the first batch and then no longer knows the token. */
const forgetfulGateway = Effect.acquireRelease(
  Effect.callback<Server>((resume) => {
    let isFirst = true
    const server = createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const { jobs } = JSON.parse(Buffer.concat(chunks).toString("utf8"))
        const results = Array.from(jobs, () => {
          const jobId = crypto.randomUUID()
          return { outcome: "accepted", jobId, eventId: `${jobId}:1`, status: "queued", replayed: false }
        })
        const problem = { type: "urn:odto:problem:unauthorized", title: "A valid bearer token is needed", status: 401 }
        response.writeHead(isFirst ? 202 : 401, {
          "content-type": isFirst ? "application/json" : "application/problem+json"
        })
        response.end(JSON.stringify(isFirst ? { results } : problem))
        isFirst = false
      })
    })
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.sync(() => server.close())
)

describe("A submission that breaks off", () => {
  it.live("says how many of its jobs were accepted", () =>
    Effect.gen(function*() {
      const address = (yield* forgetfulGateway).address()
      const port = typeof address === "object" ? address?.port : undefined
      const settings = { ...yield* alone, ODTO_GATEWAY_URL: `http://127.0.0.1:${port}` }
      const input = "{\"type\":\"demo.noop\"}\n".repeat(501)
      const { code, stderr } = yield* command(["submit"], { settings, input })

      assert.strictEqual(code, 77)
      assert.match(stderr, /^odd-dashboard: [^\n]*500 jobs before it were accepted, do not submit them again\n$/)
    }))
})

describe("Where no system runs", () => {
  it.live("every command that needs one ends with 69 and says how to start it", () =>
    Effect.gen(function*() {
      const settings = yield* alone
      const commands = [
        "status",
        "stats",
        "jobs",
        "submit demo.noop",
        "watch",
        "queues pause default",
        "token list",
        "down"
      ]

      const ran = yield* Effect.forEach(commands, (text) => command(text.split(" "), { settings }), { concurrency: 2 })

      for (const [index, { code, stderr, stdout }] of ran.entries()) {
        assert.strictEqual(code, 69, `${commands[index]}: ${stderr}`)
        assert.strictEqual(stdout, "")
        assert.match(stderr, /^odd-dashboard: [^\n]*: [^\n]*odd-dashboard[^\n]* up\n$/, commands[index])
      }
    }))

  it.live("what a submission would pass over in silence is a wrong command line", () =>
    Effect.gen(function*() {
      const settings = yield* alone
      const commands = [
        "submit demo.noop --file jobs.ndjson",
        "submit --file jobs.ndjson --priority 9",
        "submit --wait",
        "submit demo.noop --delay 1 --at 2999-01-01T00:00:00Z",
        "submit demo.noop --priority 12",
        "submit demo.noop --delay -5",
        "submit demo.noop --delay 1000000000000000",
        "submit demo.noop --tag a,b"
      ]

      const ran = yield* Effect.forEach(commands, (text) => command(text.split(" "), { settings }), { concurrency: 2 })

      for (const [index, { code, stderr }] of ran.entries()) {
        assert.strictEqual(code, 64, `${commands[index]}: ${stderr}`)
        assert.match(stderr, /^odd-dashboard: [^\n]* submit --help\n$/)
      }
    }))

  it.live("the first token can be made all the same, in the store itself", () =>
    Effect.gen(function*() {
      const home = yield* freshFolder
      const settings = { ODTO_HOME: home, ODTO_HOST: "0.0.0.0", ODTO_GATEWAY_PORT: "0", ODTO_READ_MODEL_PORT: "0" }

      const refused = yield* command(["up"], { settings })
      const doctor = yield* command(["doctor"], { settings })
      const made = yield* command(["token", "create", "admin", "--role", "admin"], { settings })
      const program = yield* start(["up"], settings)
      yield* eventually("the system runs", async () => program.output(), (said) => said.includes("is running"))
      const without = yield* command(["jobs"], { settings })
      const having = yield* command(["jobs"], { settings: { ...settings, ODTO_TOKEN: made.stdout.trim() } })

      assert.strictEqual(refused.code, 78)
      assert.match(refused.stderr, /make one with: .*token create admin --role admin/)
      assert.strictEqual(doctor.code, 1)
      assert.match(doctor.stdout, /wrong +tokens .*token create admin --role admin/)
      assert.deepStrictEqual([without.code, having.code], [77, 0])
    }), 120_000)

  it.live("doctor names each server that does not answer, and shows no password", () =>
    Effect.gen(function*() {
      const settings = {
        ...(yield* alone),
        ODTO_GATEWAY_PORT: "0",
        ODTO_READ_MODEL_PORT: "0",
        ODTO_DATABASE_URL: "postgres://odto:sekret@127.0.0.1:1/odto",
        ODTO_AMQP_URL: "amqp://odto:sekret@127.0.0.1:1",
        ODTO_REDIS_URL: "redis://odto:sekret@127.0.0.1:1",
        ODTO_MONGODB_URL: "mongodb://odto:sekret@127.0.0.1:1/odto"
      }

      const { code, stderr, stdout } = yield* command(["doctor", "--json"], { settings })

      const { findings, well } = JSON.parse(stdout)
      const wrong = findings.filter(({ state }: { readonly state: string }) => state === "wrong")
      assert.strictEqual(code, 1)
      assert.isFalse(well)
      assert.deepStrictEqual(wrong.map(({ subject }: { readonly subject: string }) => subject), [
        "ODTO_DATABASE_URL",
        "ODTO_AMQP_URL",
        "ODTO_REDIS_URL",
        "ODTO_MONGODB_URL"
      ])
      assert.isTrue(wrong.every(({ detail, fix }: { readonly detail: string; readonly fix: string }) =>
        detail.includes("127.0.0.1:1") && fix.includes("ODTO_")
      ))
      assert.notInclude(stdout + stderr, "sekret")
    }))
})

describe("A wrong command line", () => {
  const cases: ReadonlyArray<readonly [args: string, said: RegExp]> = [
    ["no-such", /unknown subcommand "no-such".* --help$/],
    ["jobs --no-such", /--no-such.* jobs --help$/],
    ["jobs --status nope", /--status: "nope".* jobs --help$/],
    ["jobs --limit 0", /must be 1 to 1000.* jobs --help$/],
    ["job", /missing required argument: id.* job --help$/],
    ["job not-an-id", /a job id is a lower-case UUID.* job --help$/],
    ["stats --read-model nowhere", /is no address/]
  ]
  for (const [args, said] of cases) {
    it.live(`ends with 64, in one line without the help: ${args}`, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* command(args.split(" "))

        assert.deepStrictEqual([code, stdout], [64, ""])
        assert.lengthOf(stderr.trimEnd().split("\n"), 1)
        assert.match(stderr.trimEnd(), said)
      }))
  }

  it.live("is a JSON document when JSON is asked for", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* command(["jobs", "--no-such", "--json"])

      assert.strictEqual(code, 64)
      assert.deepInclude(JSON.parse(stderr), { type: "urn:odto:cli:unrecognized-option", exitCode: 64 })
    }))

  it.live("shows where it failed only when asked", () =>
    Effect.gen(function*() {
      const settings = yield* alone

      const plain = yield* command(["stats"], { settings })
      const asked = yield* command(["stats"], { settings: { ...settings, ODTO_DEBUG: "1" } })

      assert.notInclude(plain.stderr, "\n    at ")
      assert.include(asked.stderr, "ECONNREFUSED")
      assert.isAbove(asked.stderr.split("\n").length, 3)
    }))
})

describe("A wrong setting", () => {
  const cases: ReadonlyArray<readonly [name: string, value: string]> = [
    ["ODTO_GATEWAY_PORT", "70000"],
    ["ODTO_READ_MODEL_PORT", "http"],
    ["ODTO_CONCURRENCY", "0"],
    ["ODTO_QUEUES", "a.b"],
    ["ODTO_QUEUE_CONCURRENCY", "mail"]
  ]
  for (const [name, value] of cases) {
    it.live(`ends with 78 and names the variable: ${name}=${value}`, () =>
      Effect.gen(function*() {
        const home = yield* freshFolder
        const others = { ODTO_GATEWAY_PORT: "0", ODTO_READ_MODEL_PORT: "0" }

        const { code, stderr } = yield* command(["up"], { settings: { ODTO_HOME: home, ...others, [name]: value } })

        assert.strictEqual(code, 78, stderr)
        assert.match(
          stderr.trimEnd().split("\n").at(-1) ?? "",
          new RegExp(`^odd-dashboard: ${name} is not valid: [^()]*$`)
        )
      }), 60_000)
  }

  it.live("a program without its server ends with 78 and names the variable", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* command(["serve", "gateway"])

      assert.strictEqual(code, 78)
      assert.match(stderr, /^odd-dashboard: ODTO_DATABASE_URL is not set: /)
    }))
})

describe("The help", () => {
  it.live(
    "documents the exit codes and the completions, and every command has an example",
    () =>
      Effect.gen(function*() {
        const { stdout } = yield* command(["--help"])
        const names = [...stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gmu)].flatMap(([, name = ""]) => [name])
        const helps = yield* Effect.forEach(names, (name) => command([name, "--help"]), { concurrency: 2 })

        assert.match(stdout, /Exit codes: 0 .*69 .*130/)
        assert.include(stdout, "--completions")
        assert.includeMembers(names, ["up", "submit", "doctor", "contracts", "events", "bench"])
        assert.deepStrictEqual(names.filter((_, index) => helps[index]?.stdout.includes("EXAMPLES") !== true), [])
      }),
    120_000
  )

  it.live("has completions for every shell", () =>
    Effect.gen(function*() {
      const shells = ["bash", "zsh", "fish", "powershell"]

      const ran = yield* Effect.forEach(shells, (shell) => command(["--completions", shell]), { concurrency: 2 })

      assert.isTrue(
        ran.every(({ code, stdout }) => code === 0 && stdout.includes("doctor") && stdout.includes("odd-dashboard"))
      )
    }))

  it.live("tells the version of the package", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* command(["--version"])

      assert.strictEqual(code, 0)
      assert.match(stdout, /^odd-dashboard v\d+\.\d+\.\d+\n$/)
    }))
})
