/** The guided setup, with tools that are scripts of the test, in a real terminal. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { machine, setup } from "../../support/dashboard/Machine.ts"
import { keys, type Terminal } from "../../support/terminal/Terminal.ts"

/** Asks for the command of the selected line, and says yes. */
const runIt = (terminal: Terminal) =>
  Effect.gen(function*() {
    yield* terminal.type(keys.enter)
    yield* terminal.until("the question", (text) => text.includes("Run on this machine:"))
    yield* terminal.type("y")
    yield* terminal.until("the command's own question", (text) => text.includes("Really?"))
  })

describe("The guided setup", () => {
  it.live("shows what a cluster needs with state, cause and command", () =>
    Effect.gen(function*() {
      const { screen } = yield* setup(yield* machine)

      assert.match(screen, /ok +docker +28\.2\.2/u)
      assert.match(screen, /stopped +docker engine +Cannot connect to the Docker daemon/u)
      assert.match(screen, /ok +kubectl +v1\.36\.0/u)
      assert.match(screen, /missing +kind/u)
      assert.match(screen, /\$ .*(service docker start|systemctl start docker)/u)
    }), 60_000)

  it.live("tells an engine that refuses this user from one that is stopped", () =>
    Effect.gen(function*() {
      const here = yield* machine
      here.engine(`echo "permission denied while trying to connect to the docker API" >&2; exit 1`)
      const { screen } = yield* setup(here)

      assert.match(screen, /refused +docker engine +permission denied/u)
      assert.include(screen, "log in again after the command")
      assert.match(screen, /\$ .*usermod -aG docker \S+/u)
    }), 60_000)

  it.live("begins at the first thing that is missing, with the client before its engine", () =>
    Effect.gen(function*() {
      const here = yield* machine
      const { screen } = yield* setup(here, { env: { PATH: join(here.home, "nothing") } })

      assert.match(screen, /▌ ✗ missing +docker +not found/u)
      assert.match(screen, /stopped +docker engine +install docker first/u)
    }), 60_000)

  it.live("copies the command through the terminal over SSH", () =>
    Effect.gen(function*() {
      const { terminal } = yield* setup(yield* machine, { env: { SSH_CONNECTION: "here there" } })
      yield* terminal.type("C")
      yield* terminal.until("the copy", (text) => text.includes("sent to the terminal's clipboard"))
      const [, copied = ""] = /\]52;c;([\w+/=]+)/u.exec(terminal.raw()) ?? []

      assert.match(Buffer.from(copied, "base64").toString("utf8"), /(service docker start|systemctl start docker)$/u)
    }), 60_000)

  it.live("copies the command by the clipboard of this machine where there is one", () =>
    Effect.gen(function*() {
      const here = yield* machine
      const clipboard = join(here.home, "..", "clipboard")
      here.tool("xclip", `read text; echo "$* $text" > ${clipboard}`)
      const { terminal } = yield* setup(here, { env: { DISPLAY: ":7" } })
      yield* terminal.type("C")
      yield* terminal.until("the copy", (text) => text.includes("copied by xclip"))

      assert.match(readFileSync(clipboard, "utf8"), /^-selection clipboard .*docker/u)
      assert.notInclude(terminal.raw(), "]52;")
    }), 60_000)

  it.live("shows the command to be selected where nothing can copy it", () =>
    Effect.gen(function*() {
      const { terminal } = yield* setup(yield* machine, { env: { TERM: "linux" } })
      yield* terminal.type("C")
      yield* terminal.until("the command", (text) => /select it yourself: .*docker/u.test(text))

      assert.notInclude(terminal.raw(), "]52;")
    }), 60_000)

  it.live(
    "runs the command after a yes, with its questions answered in the terminal, and looks again",
    () =>
      Effect.gen(function*() {
        const here = yield* machine
        const { terminal } = yield* setup(here)
        yield* terminal.type(keys.enter)
        yield* terminal.until("the question", (text) => text.includes("Run on this machine:"))
        yield* terminal.type("n")
        yield* terminal.until("no question", (text) => !text.includes("Run on this machine:"))
        const refused = here.started()
        yield* runIt(terminal)
        yield* terminal.type("certainly\r")
        yield* terminal.until("its end", (text) => text.includes("Press Enter to go back"))
        yield* terminal.type("\r")
        yield* terminal.until("the engine runs", (text) => /ok +docker engine +28\.2\.2/u.test(text), 30_000)
        yield* terminal.type(keys.esc)
        yield* terminal.until("keys are heard again", (text) => text.includes("e start embedded"))

        assert.isUndefined(refused, "nothing runs without a yes")
        assert.match(here.started() ?? "", /(start docker|docker start) certainly/u)
      }),
    60_000
  )

  it.live("comes back from a command that Ctrl-C has ended", () =>
    Effect.gen(function*() {
      const here = yield* machine
      const { terminal } = yield* setup(here)
      yield* runIt(terminal)
      yield* terminal.type(keys.ctrlC)
      yield* terminal.until("its end", (text) => text.includes("ended with SIGINT"))
      yield* terminal.type("\r")
      yield* terminal.until("the setup", (text) => /stopped +docker engine/u.test(text), 30_000)
      yield* terminal.type("q")

      assert.strictEqual((yield* terminal.ended).code, 0)
      assert.isUndefined(here.started())
    }), 60_000)
})
