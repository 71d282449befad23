/** The start of the dashboard as a person meets it: the built program in a terminal, on a machine made for the test. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { command } from "../../support/CommandLine.ts"
import { launcher } from "../../support/dashboard/Dashboard.ts"
import { type Machine, machine } from "../../support/dashboard/Machine.ts"
import { keys, open } from "../../support/terminal/Terminal.ts"

/** Ends the embedded system of the machine with the scope. */
const endsLater = ({ home }: Machine) => Effect.addFinalizer(() => command(["down"], { settings: { ODTO_HOME: home } }))

/** Somebody else listens there as long as the scope lasts. */
const takePort = (port: number) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      // What is not read is never noticed to have ended.
      const server = createServer((socket) => void socket.resume())
      server.listen({ port, host: "127.0.0.1" }, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )

describe("The launcher", () => {
  it.live(
    "starts the embedded system, arrives on its overview, leaves it running when the dashboard ends, and says so",
    () =>
      Effect.gen(function*() {
        const here = yield* machine
        const terminal = yield* here.show()
        yield* endsLater(here)
        yield* terminal.type("e")
        yield* terminal.until("its progress", (text) => text.includes("look at ports and data folder"))
        yield* terminal.until("the overview", (text) => text.includes("Overview"), 60_000)
        yield* terminal.until("its numbers", (text) => /workers +1 live/u.test(text), 30_000)
        yield* terminal.type("q")
        const { code } = yield* terminal.ended
        const status = yield* command(["status", "--json"], { settings: { ODTO_HOME: here.home } })

        assert.strictEqual(code, 0)
        assert.isFalse(terminal.isAlternate())
        assert.match(terminal.raw(), /the system goes on in process \d+; stop it with: .+down --home \S+\r\n/u)
        assert.strictEqual(status.code, 0, status.stderr)
        assert.include(readFileSync(join(here.home, "up.log"), "utf8"), "The task observatory is running.")
      }),
    120_000
  )

  it.live(
    "does not start what could not run, and says what is in the way with what to do",
    () =>
      Effect.gen(function*() {
        const here = yield* machine
        const port = here.ports.settings.ODTO_GATEWAY_PORT
        yield* takePort(Number(port))
        const terminal = yield* here.show({ columns: 40, rows: 20 })
        yield* terminal.type("e")
        const screen = yield* terminal.until("the cause", (text) => text.includes("is taken"))

        assert.match(
          screen.replaceAll(/\s+/gu, " "),
          new RegExp(`port ${port} is taken by process ${process.pid} .*set ODTO_GATEWAY_PORT to a free port`, "u")
        )
        yield* terminal.type(keys.esc)
        yield* terminal.until("the offer", (text) => text.includes("e start embedded"), 30_000)
        yield* terminal.type("q")
        assert.strictEqual((yield* terminal.ended).code, 0)
        assert.notInclude(terminal.raw(), "goes on", "nothing was left running")
      }),
    60_000
  )

  it.live(
    "offers no start for an address that was named, and says that nothing answers there",
    () =>
      Effect.gen(function*() {
        const terminal = yield* (yield* machine).show({ env: { ODTO_GATEWAY_URL: "http://127.0.0.1:1" } })

        assert.include(terminal.text(), "nothing answers at http://127.0.0.1:1")
        assert.notInclude(terminal.text(), "start embedded")
      }),
    60_000
  )

  it.live("finds a kind cluster of this name", () =>
    Effect.gen(function*() {
      const here = yield* machine
      here.tool("kind", `if [ "$1" = get ]; then echo other; echo odto; else echo "kind v0.33.0 go1.25"; fi`)
      const terminal = yield* here.show()

      assert.match(terminal.text(), /cluster +kind has the cluster odto/u)
    }), 60_000)

  it.live("offers nothing that changes anything with --read-only", () =>
    Effect.gen(function*() {
      const terminal = yield* (yield* machine).show({ args: ["--read-only"] })
      yield* terminal.type("e")
      yield* terminal.type("s")
      const screen = yield* terminal.until("the setup", (text) => text.includes("docker engine"))

      assert.notInclude(terminal.raw(), "start embedded")
      assert.notInclude(screen, "run the command")
    }), 60_000)

  it.live(
    "reads sentences to a screen reader, and leaves it the screen with its history",
    () =>
      Effect.gen(function*() {
        const terminal = yield* (yield* machine).show({ args: ["--screen-reader"] })

        assert.isFalse(terminal.isAlternate())
        assert.match(terminal.text(), /^system, nothing answers at http/mu)
      }),
    60_000
  )

  it.live("gives the terminal back when it is told to stop", () =>
    Effect.gen(function*() {
      const terminal = yield* (yield* machine).show()
      assert.isTrue(terminal.isAlternate())
      yield* terminal.kill("SIGTERM")
      yield* terminal.ended

      assert.isFalse(terminal.isAlternate())
      assert.match(terminal.raw().slice(-200), /\[\?25h/u, "the cursor is shown again")
    }), 60_000)

  it.live("goes to the shell by Ctrl-Z and comes back by fg", () =>
    Effect.gen(function*() {
      const { environment } = yield* machine
      const terminal = yield* open({
        command: "/bin/bash",
        args: ["--norc", "--noprofile", "-i"],
        cwd: "/",
        env: { ...environment, PS1: "shell> " },
        columns: 100,
        rows: 24
      })
      yield* terminal.until("a prompt", (text) => text.includes("shell>"))
      yield* terminal.type(`${process.execPath} ${launcher}${keys.enter}`)
      yield* terminal.until("the offer", (text) => text.includes("s set up"), 60_000)
      yield* terminal.type(keys.ctrlZ)
      yield* terminal.until("the shell", (text) => text.includes("Stopped"))
      assert.isFalse(terminal.isAlternate())
      yield* terminal.type(`fg${keys.enter}`)
      yield* terminal.until("the offer again", (text) => text.includes("s set up"))

      assert.isTrue(terminal.isAlternate())
    }), 60_000)
})
