/** The launcher as a person meets it: the built program in a terminal, on a machine whose tools are made for the test. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { command } from "../../support/CommandLine.ts"
import { freshFolder } from "../../support/Embedded.ts"
import { freePorts } from "../../support/Programs.ts"
import { keys, open } from "../../support/terminal/Terminal.ts"

const root = join(import.meta.dirname, "../../..")

/** A machine with a Docker client whose engine is stopped, kubectl, and no kind. Commands are written down. */
const machine = Effect.gen(function*() {
  const home = yield* freshFolder
  const bin = join(home, "..", "bin")
  const done = join(home, "..", "done")
  mkdirSync(bin, { recursive: true })
  const tool = (name: string, script: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  tool(
    "docker",
    `if [ "$1" = info ]; then
       if [ -e ${done} ]; then echo 28.2.2; else echo "Cannot connect to the Docker daemon" >&2; exit 1; fi
     else echo "Docker version 28.2.2, build 1"; fi`
  )
  tool("kubectl", `echo "Client Version: v1.36.0"`)
  // Whatever starts services here: it asks, as sudo and package managers do.
  for (const name of ["service", "systemctl"]) {
    tool(name, `printf 'Really? '; read answer; echo "$0 $* $answer" > ${done}`)
  }
  tool("sudo", `exec "$@"`)
  const ports = yield* freePorts
  return { home, bin, done, ports }
})

const show = ({ bin, home, ports }: Effect.Success<typeof machine>, env: Readonly<Record<string, string>> = {}) =>
  open({
    command: process.execPath,
    args: [join(root, "bin/odd-dashboard.mjs")],
    cwd: root,
    env: { PATH: bin, LANG: "C.UTF-8", NO_COLOR: "1", ODTO_HOME: home, ...ports.settings, ...env },
    columns: 100,
    rows: 24
  })

describe("The launcher", () => {
  it.live(
    "starts the embedded system, arrives on its overview, and leaves it running when the dashboard ends",
    () =>
      Effect.gen(function*() {
        const here = yield* machine
        const terminal = yield* show(here)
        yield* Effect.addFinalizer(() => command(["down"], { settings: { ODTO_HOME: here.home } }))
        yield* terminal.until("the offer", (text) => text.includes("e start embedded"), 30_000)
        yield* terminal.type("e")
        yield* terminal.until("its progress", (text) => text.includes("start the process"))
        yield* terminal.until("the overview", (text) => text.includes("Overview"), 60_000)
        yield* terminal.until("its numbers", (text) => /workers +1 live/u.test(text), 30_000)
        yield* terminal.type("q")
        const { code } = yield* terminal.ended
        const status = yield* command(["status", "--json"], { settings: { ODTO_HOME: here.home } })

        assert.strictEqual(code, 0)
        assert.isFalse(terminal.isAlternate())
        assert.strictEqual(status.code, 0, status.stderr)
        assert.include(readFileSync(join(here.home, "up.log"), "utf8"), "The task observatory is running.")
      }),
    120_000
  )

  it.live(
    "shows what a cluster needs with state, cause and command, and copies the command",
    () =>
      Effect.gen(function*() {
        const terminal = yield* show(yield* machine, { SSH_CONNECTION: "here there" })
        yield* terminal.until("the offer", (text) => text.includes("s set up"), 30_000)
        yield* terminal.type("s")
        const screen = yield* terminal.until("the setup", (text) => text.includes("docker engine"))
        yield* terminal.type("C")
        yield* terminal.until("the copy", (text) => text.includes("copied by the terminal"))
        const [, copied = ""] = /\]52;c;([\w+/=]+)/u.exec(terminal.raw()) ?? []

        assert.match(screen, /ok +docker +28\.2\.2/u)
        assert.match(screen, /stopped +docker engine +Cannot connect to the Docker daemon/u)
        assert.match(screen, /ok +kubectl +v1\.36\.0/u)
        assert.match(screen, /missing +kind/u)
        assert.match(Buffer.from(copied, "base64").toString("utf8"), /(service docker start|systemctl start docker)$/u)
      }),
    60_000
  )

  it.live(
    "runs the command after a yes, with its questions answered in the terminal, and looks again",
    () =>
      Effect.gen(function*() {
        const here = yield* machine
        const terminal = yield* show(here)
        yield* terminal.until("the offer", (text) => text.includes("s set up"), 30_000)
        yield* terminal.type("s")
        yield* terminal.until("the setup", (text) => text.includes("docker engine"))
        yield* terminal.type(keys.enter)
        yield* terminal.until("the question", (text) => text.includes("on this machine?"))
        yield* terminal.type("n")
        yield* terminal.until("no question", (text) => !text.includes("on this machine?"))
        const refused = existsSync(here.done)
        yield* terminal.type(keys.enter)
        yield* terminal.until("the question", (text) => text.includes("on this machine?"))
        yield* terminal.type("y")
        yield* terminal.until("the command's own question", (text) => text.includes("Really?"))
        yield* terminal.type("certainly\r")
        yield* terminal.until("its end", (text) => text.includes("Press Enter to go back"))
        yield* terminal.type("\r")
        yield* terminal.until("the engine runs", (text) => /ok +docker engine +28\.2\.2/u.test(text), 30_000)

        assert.isFalse(refused, "nothing runs without a yes")
        assert.match(readFileSync(here.done, "utf8"), /(start docker|docker start) certainly/u)
      }),
    60_000
  )

  it.live(
    "offers no start for an address that was named, and says that nothing answers there",
    () =>
      Effect.gen(function*() {
        const terminal = yield* show(yield* machine, { ODTO_GATEWAY_URL: "http://127.0.0.1:1" })
        const screen = yield* terminal.until("the offer", (text) => text.includes("s set up"), 30_000)

        assert.include(screen, "nothing answers at http://127.0.0.1:1")
        assert.notInclude(screen, "start embedded")
      }),
    60_000
  )

  it.live("gives the terminal back when it is told to stop", () =>
    Effect.gen(function*() {
      const terminal = yield* show(yield* machine)
      yield* terminal.until("the offer", (text) => text.includes("s set up"), 30_000)
      assert.isTrue(terminal.isAlternate())
      yield* terminal.kill("SIGTERM")
      yield* terminal.ended

      assert.isFalse(terminal.isAlternate())
      assert.match(terminal.raw().slice(-200), /\[\?25h/u, "the cursor is shown again")
    }), 60_000)
})
