/** Commands about the system, as a user runs them. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { createServer, type Server } from "node:net"
import { command } from "../support/CommandLine.ts"
import { freshFolder } from "../support/Embedded.ts"
import { asked, oneLine, run, System } from "../support/RunningSystem.ts"

const unknownJob = "01a208af-7260-75c6-8fc0-5380cf45cb02"

layer(System.layer, { excludeTestServices: true, timeout: 120_000 })("The command line, of the system,", (it) => {
  it.effect("ends with 66 for a job, a queue and a token that do not exist", () =>
    Effect.gen(function*() {
      const ran = yield* Effect.forEach(
        [["job", unknownJob], ["cancel", unknownJob], ["queues", "pause", "no-such"], ["token", "revoke", "no-such"]],
        (args) => run(args),
        { concurrency: 2 }
      )

      assert.deepStrictEqual(ran.map(({ code }) => code), [66, 66, 66, 66])
      assert.match(oneLine(ran[0] ?? { code: 0, stdout: "", stderr: "" }), /there is no job .*; list jobs with: /)
    }))

  it.effect("prints the problem document as JSON when JSON is asked for", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(["job", unknownJob, "--json"])

      const problem = JSON.parse(stderr)
      assert.deepStrictEqual([code, stdout], [66, ""])
      assert.deepInclude(problem, { type: "urn:odto:problem:unknown-job", status: 404, jobId: unknownJob })
    }))

  it.effect("pauses and resumes a queue", () =>
    Effect.gen(function*() {
      yield* asked(["submit", "demo.noop", "--queue", "mail"])

      const [paused] = yield* asked(["queues", "pause", "mail"])
      const [list] = yield* asked(["queues"])
      const again = yield* run(["queues", "pause", "mail"])
      const [resumed] = yield* asked(["queues", "resume", "mail"])

      assert.deepInclude(paused, { queue: "mail", paused: true })
      assert.isTrue(list.queues.some(({ name, paused }: { readonly name: string; readonly paused: boolean }) =>
        name === "mail" && paused
      ))
      assert.strictEqual(again.code, 65)
      assert.deepStrictEqual(resumed, { queue: "mail", paused: false })
    }))

  it.effect("makes a token that is shown once, lists and revokes it", () =>
    Effect.gen(function*() {
      const made = yield* run(["token", "create", "ci", "--role", "operator"])
      const [list] = yield* asked(["token", "list"])
      yield* asked(["token", "revoke", "ci"])
      const wrong = yield* run(["jobs", "--token", made.stdout.trim()])

      assert.match(made.stdout, /^odto_[\w-]{43}\n$/)
      assert.notInclude(JSON.stringify(list), made.stdout.trim())
      assert.strictEqual(wrong.code, 77)
      assert.include(oneLine(wrong), "ODTO_TOKEN")
    }))

  it.effect("makes the first token in the data folder that is named, whatever else is set", () =>
    Effect.gen(function*() {
      const home = yield* freshFolder
      const elsewhere = {
        ODTO_DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
        ODTO_GATEWAY_URL: "http://127.0.0.1:1"
      }
      const made = yield* command(["token", "create", "first", "--role", "admin", "--home", home], {
        settings: elsewhere
      })
      const listed = yield* command(["token", "list", "--json"], { settings: { ODTO_HOME: home } })

      assert.match(made.stdout, /^odto_[\w-]{43}\n$/)
      assert.deepInclude(JSON.parse(listed.stdout).tokens[0], { name: "first", role: "admin" })
    }))

  it.effect("prints one JSON document from everything that only looks", () =>
    Effect.gen(function*() {
      const looks = ["status", "stats", "types", "queues", "jobs", "events", "audit", "alerts", "doctor"]

      const answers = yield* Effect.forEach(looks, (look) => asked([look]), { concurrency: 2 })
      const human = yield* Effect.forEach(looks, (look) => run([look]), { concurrency: 2 })

      assert.isTrue(answers.every((lines) => lines.length === 1 && lines[0] instanceof Object))
      assert.deepStrictEqual(human.map(({ code, stderr }) => [code, stderr]), looks.map(() => [0, ""]))
    }), 60_000)

  it.effect("shows what one program says when the other does not answer", () =>
    Effect.gen(function*() {
      const [half] = yield* asked(["status", "--read-model", "http://127.0.0.1:1"])

      assert.deepStrictEqual(half.programs.map(({ status }: { readonly status: string }) => status), ["ready", "down"])
    }))

  it.effect("refuses a second system on the folder and names the first", () =>
    Effect.gen(function*() {
      const { pid } = yield* System

      const ran = yield* run(["up"])

      assert.strictEqual(ran.code, 69)
      assert.match(ran.stderr, new RegExp(`in use by process ${pid}.*serves http://127\\.0\\.0\\.1:\\d+.*down`))
    }))

  it.effect("names who has the port that it cannot have, and the variable to change", () =>
    Effect.gen(function*() {
      const server = yield* Effect.acquireRelease(
        Effect.callback<Server>((resume) => {
          const opened = createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(opened)))
        }),
        (open) => Effect.sync(() => open.close())
      )
      const address = server.address()
      const port = address instanceof Object ? `${address.port}` : ""
      const home = yield* freshFolder
      const settings = { ODTO_HOME: home, ODTO_GATEWAY_PORT: port, ODTO_READ_MODEL_PORT: "0" }

      const up = yield* command(["up"], { settings })
      const doctor = yield* command(["doctor", "--json"], { settings })

      assert.strictEqual(up.code, 69)
      const said = up.stderr.trimEnd().split("\n").at(-1) ?? ""
      assert.include(said, `port ${port} is taken`)
      assert.include(said, "ODTO_GATEWAY_PORT")
      if (process.platform === "linux") assert.include(said, `by process ${process.pid} (`)
      assert.strictEqual(doctor.code, 1)
      assert.deepInclude(
        JSON.parse(doctor.stdout).findings.find(({ state }: { readonly state: string }) => state === "wrong"),
        { subject: "ODTO_GATEWAY_PORT" }
      )
    }), 60_000)
})
