import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { promisify } from "node:util"
import { dashboard, environment, isRead, launcher } from "../../support/dashboard/Dashboard.ts"
import { masked } from "../../support/dashboard/masked.ts"
import { asked, run, System } from "../../support/RunningSystem.ts"
import { pictureText } from "../../support/terminal/picture.ts"
import { keys, open, type Terminal } from "../../support/terminal/Terminal.ts"

/** What the shell showed before is there again, with its cursor, and nothing that the dashboard asked for goes on. */
const assertRestored = (terminal: Terminal) => {
  const raw = terminal.raw()
  assert.isFalse(terminal.isAlternate())
  assert.isAbove(raw.lastIndexOf("\u001b[?25h"), raw.lastIndexOf("\u001b[?25l"), "the cursor is shown again")
  assert.isAbove(raw.lastIndexOf("\u001b[?2004l"), raw.lastIndexOf("\u001b[?2004h"), "pasting is as before")
}

/** A shell with job control, in which the dashboard is a job. */
const shell = Effect.gen(function*() {
  const { home } = yield* System
  return yield* open({
    command: "/bin/bash",
    args: ["--norc", "--noprofile", "-i"],
    cwd: "/",
    env: { ...environment(), ODTO_HOME: home, PS1: "shell> ", TERM: "xterm-256color" },
    columns: 100,
    rows: 24
  })
})

/** CPU time of a process in milliseconds: user and system, in ticks of ten. */
const cpuMillis = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** The one child of a process. */
const childOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim())

/** What the built program prints where no terminal is. */
const printed = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
  const { home } = yield* System
  return yield* Effect.promise(() =>
    promisify(execFile)(process.execPath, [launcher, ...args], { env: { ...environment(), ODTO_HOME: home } })
  )
})

layer(System.layer, { excludeTestServices: true, timeout: 60_000 })((it) => {
  describe("The terminal", () => {
    it.effect("is as it was after q", () =>
      Effect.gen(function*() {
        const terminal = yield* dashboard()
        assert.isTrue(terminal.isAlternate())
        yield* terminal.type("q")

        assert.strictEqual((yield* terminal.ended).code, 0)
        assertRestored(terminal)
      }))

    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      it.effect(`is as it was after ${signal}`, () =>
        Effect.gen(function*() {
          const terminal = yield* dashboard()
          yield* terminal.kill(signal)
          yield* terminal.ended

          assertRestored(terminal)
        }))
    }

    it.effect("is as it was after a crash, which is told", () =>
      Effect.gen(function*() {
        const crash = "data:text/javascript,process.on('SIGUSR2',()=>{throw%20new%20Error('crashed-on-purpose')})"
        const terminal = yield* dashboard({ env: { NODE_OPTIONS: `--import=${crash}` } })
        yield* terminal.kill("SIGUSR2")
        const { code } = yield* terminal.ended

        assert.notStrictEqual(code, 0)
        assertRestored(terminal)
        assert.include(terminal.raw(), "crashed-on-purpose")
      }))

    it.effect("is as it was when the process that draws is killed, where the launcher had to take another Node", () =>
      Effect.gen(function*() {
        const old = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.19.0'})"
        const terminal = yield* shell
        yield* terminal.until("a prompt", (text) => text.includes("shell>"))
        yield* terminal.type(`${process.execPath} --import "${old}" ${launcher} --view jobs${keys.enter}`)
        yield* terminal.until("the jobs", isRead, 60_000)
        const drawing = childOf(childOf(terminal.pid))
        process.kill(drawing, "SIGKILL")
        yield* terminal.until("the shell", (text) => text.includes("Killed"))
        const raw = terminal.raw()

        assert.isFalse(terminal.isAlternate())
        assert.isAbove(raw.lastIndexOf("\u001b[?25h"), raw.lastIndexOf("\u001b[?25l"))
      }))

    it.effect("goes to the shell by Ctrl-Z and comes back by fg", () =>
      Effect.gen(function*() {
        const terminal = yield* shell
        yield* terminal.until("a prompt", (text) => text.includes("shell>"))
        yield* terminal.type(`${process.execPath} ${launcher} --view jobs${keys.enter}`)
        yield* terminal.until("the jobs", isRead, 60_000)
        yield* terminal.type(keys.ctrlZ)
        yield* terminal.until("the shell", (text) => text.includes("Stopped"))
        assert.isFalse(terminal.isAlternate())
        yield* terminal.type(`echo still $((40 + 2)) here${keys.enter}`)
        yield* terminal.until("the shell works", (text) => text.includes("still 42 here"))
        yield* terminal.type(`fg${keys.enter}`)
        yield* terminal.until("the jobs again", (text) => isRead(text) && text.includes("STATUS"))
        assert.isTrue(terminal.isAlternate())
        yield* terminal.type("2")
        yield* terminal.type("q")
        yield* terminal.until("the shell again", (text) => text.includes("still 42 here"))

        assert.isFalse(terminal.isAlternate())
      }))
  })

  describe("A resize", () => {
    it.effect("leaves the screen of a dashboard that began at that size", () =>
      Effect.gen(function*() {
        const terminal = yield* dashboard({ columns: 160, rows: 50 })
        for (const [columns, rows] of [[40, 20], [120, 30], [20, 8], [80, 24]] as const) {
          yield* terminal.resize(columns, rows)
          const fresh = yield* dashboard({ columns, rows })
          const wanted = pictureText(masked(fresh.picture()))
          yield* terminal.until(`${columns}x${rows}`, () => pictureText(masked(terminal.picture())) === wanted)
        }
      }))

    it.effect("never makes it refuse, however small the terminal becomes", () =>
      Effect.gen(function*() {
        const terminal = yield* dashboard()
        for (const [columns, rows] of [[10, 5], [2, 2], [1, 1], [300, 4]] as const) {
          yield* terminal.resize(columns, rows)
        }
        yield* terminal.resize(80, 24)
        yield* terminal.until("the overview", (text) => text.includes("Rates, per second"))
      }))
  })

  describe("An idle system", () => {
    it.effect("makes the dashboard write nothing and do next to nothing", () =>
      Effect.gen(function*() {
        const terminal = yield* dashboard()
        yield* Effect.sleep("3 seconds") // what the start still does in the background
        const [bytes, cpu] = [terminal.written(), cpuMillis(terminal.pid)]
        yield* Effect.sleep("10 seconds")

        assert.strictEqual(terminal.written() - bytes, 0)
        assert.isBelow(cpuMillis(terminal.pid) - cpu, 500, "milliseconds of CPU in ten seconds")
      }))
  })

  describe("Whoever may only look", () => {
    const offered = /new task|cancel|replay|pause\/resume/u

    it.effect("with a viewer's token is offered no action", () =>
      Effect.gen(function*() {
        const [{ token }] = yield* asked(["token", "create", "watcher", "--role", "viewer"])
        const terminal = yield* dashboard({ args: ["--view", "jobs"], env: { ODTO_TOKEN: token }, mayAct: false })
        yield* terminal.until("the role", (text) => text.includes("viewer"))
        yield* terminal.type("jn")
        const text = yield* terminal.until("nothing to do", (text) => text.includes("n means nothing here"))

        assert.notMatch(text, offered)
        yield* terminal.type("?")
        assert.notMatch(yield* terminal.until("the keys", (text) => text.includes("Keys in jobs")), offered)
      }))

    it.effect("by --read-only is offered none either, whoever looks", () =>
      Effect.gen(function*() {
        const [{ token }] = yield* asked(["token", "create", "acting", "--role", "operator"])
        const options = { args: ["--view", "queues"], env: { ODTO_TOKEN: token } }
        const acting = yield* dashboard(options)
        const looking = yield* dashboard({ ...options, args: ["--read-only", ...options.args], mayAct: false })
        // The role is known: nothing is withheld only because it is not.
        const text = yield* looking.until("the role", (text) => text.includes("read-only, operator"))
        yield* looking.type("?")
        const help = yield* looking.until("the keys", (text) => text.includes("Keys in queues"))

        assert.match(yield* acting.until("the role", (text) => text.includes("operator")), offered)
        assert.notMatch(text, offered)
        assert.notMatch(help, /add a task|pause the queue/u)
      }))
  })

  describe("Without a screen", () => {
    it.effect("is refused with 78 where a setting of it cannot be read, though a system runs", () =>
      Effect.gen(function*() {
        const { home } = yield* System
        const wrong = [["ODTO_THEME", "pink"], ["ODTO_GATEWAY_PORT", "abc"], ["ODTO_READ_MODEL_PORT", "-1"]] as const
        for (const [name, value] of wrong) {
          const { code, stderr } = yield* run(["--once"], { settings: { ODTO_HOME: home, [name]: value } })

          assert.strictEqual(code, 78, stderr)
          assert.match(stderr, new RegExp(`^odd-dashboard: ${name} is not valid: `, "u"))
        }
      }))

    it.effect("prints the help where there is no terminal, and waits for no key", () =>
      Effect.gen(function*() {
        const { code, stdout } = yield* run([])

        assert.strictEqual(code, 0)
        assert.include(stdout, "Start and stop:")
      }))

    it.effect("prints one screen as plain text with --once, and one snapshot with --json", () =>
      Effect.gen(function*() {
        yield* run(["submit", "demo.noop", "--queue", "once", "--wait"])
        const screen = yield* printed("--once", "--view", "jobs", "--filter", "queue:once")
        const snapshot = JSON.parse((yield* printed("--json", "--view", "queues")).stdout)

        assert.match(screen.stdout, /completed +demo\.noop +once/u)
        assert.notInclude(screen.stdout, "\u001b")
        assert.strictEqual(snapshot.view, "queues")
        assert.strictEqual(snapshot.sources.queues.state, "fresh")
        assert.include(snapshot.sources.queues.data.queues.map(({ name }: { readonly name: string }) => name), "once")
        // Nothing is followed: no word of a stream that lives.
        assert.match(screen.stdout, / at \d\d:\d\d:\d\d UTC/u)
        assert.notInclude(screen.stdout, "live")
      }))

    it.effect("prints the events that happened before, with --once and --json", () =>
      Effect.gen(function*() {
        yield* run(["submit", "demo.noop", "--queue", "told", "--wait"])
        // The history is written a moment after the event.
        const { stdout } = yield* Effect.repeat(printed("--once", "--view", "events"), {
          until: ({ stdout: screen }) => / completed +demo\.noop +told/u.test(screen),
          times: 9
        })
        const snapshot = yield* asked(["--view", "events"])

        assert.match(stdout, / completed +demo\.noop +told/u)
        assert.notInclude(stdout, "behind")
        assert.include(JSON.stringify(snapshot), "\"queue\":\"told\"")
      }))

    it.effect("refuses a filter that it would not obey", () =>
      Effect.gen(function*() {
        const { code, stderr } = yield* run(["--once", "--view", "dead", "--filter", "status:running"])

        assert.strictEqual(code, 64)
        assert.include(stderr, "all of them are dead")
      }))

    it.effect("reads sentences to a screen reader, without moving the cursor", () =>
      Effect.gen(function*() {
        yield* run(["submit", "demo.noop", "--queue", "spoken", "--wait"])
        const { home } = yield* System
        const terminal = yield* open({
          command: process.execPath,
          args: [launcher, "--screen-reader", "--view", "jobs", "--filter", "queue:spoken"],
          cwd: "/",
          env: { ...environment(), ODTO_HOME: home },
          columns: 120,
          rows: 30
        })
        yield* terminal.until("the job in words", (text) =>
          text.includes("job 1 of 1: status completed, type demo.noop"), 60_000)

        assert.isFalse(terminal.isAlternate())
        assert.notMatch(terminal.text(), /[│─┌●✓]/)
      }))
  })
})
