import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"
import { dashboard, isRead } from "../../support/dashboard/Dashboard.ts"
import { masked } from "../../support/dashboard/masked.ts"
import { asked, run, System } from "../../support/RunningSystem.ts"
import { assertGolden } from "../../support/terminal/golden.ts"
import { pictureText } from "../../support/terminal/picture.ts"
import { keys, type Terminal } from "../../support/terminal/Terminal.ts"

const sizes = [[160, 50], [80, 24], [40, 20]] as const
/** Colour modes, by what the terminal says of itself. */
const modes = {
  truecolor: { COLORTERM: "truecolor" },
  sixteen: { TERM: "xterm" },
  none: { NO_COLOR: "1" },
  ascii: { COLORTERM: "truecolor", LANG: "C" }
} as const

/** Below two lines of header, the head of the table and its first row. */
const secondRow = 4

const golden = (name: string, terminal: Terminal) =>
  Effect.map(terminal.until("everything is read", isRead), () =>
    assertGolden(
      join(import.meta.dirname, "golden", `${name}.txt`),
      pictureText(masked(terminal.picture()))
    ))
const seen = (terminal: Terminal, what: string) => terminal.until(what, (text) => text.includes(what))

/** One job of each kind of end, in a fixed order; none is under way when this is done. */
const seeded = Effect.gen(function*() {
  yield* run(["submit", "demo.noop", "--queue", "mail", "--wait"])
  yield* run([
    "submit",
    "demo.fail",
    "-p",
    "{\"message\":\"no such address\",\"retryable\":false}",
    "--queue",
    "mail",
    "--wait"
  ])
  yield* run(["submit", "demo.flaky", "-p", "{\"failures\":1}", "--wait", "--tag", "täg-漢字"])
  const [{ jobId }] = yield* asked(["submit", "demo.sleep", "-p", "{\"ms\":1}", "--delay", "86400"])
  yield* run(["cancel", jobId])
  yield* run(["submit", "demo.sleep", "-p", "{\"ms\":1}", "--delay", "86400", "--priority", "9"])
})

layer(System.layer, { excludeTestServices: true, timeout: 120_000 })((it) => {
  describe("A new system", () => {
    for (const [columns, rows] of sizes) {
      for (const [mode, env] of Object.entries(modes)) {
        it.effect(`has its overview at ${columns}x${rows} in ${mode}`, () =>
          Effect.gen(function*() {
            const terminal = yield* dashboard({ columns, rows, env })
            yield* terminal.until("its rates", (text) => columns < 80 || text.includes("default"))

            yield* golden(`overview-${columns}x${rows}-${mode}`, terminal)
          }))
      }
    }

    it.effect("has its overview on light ground", () =>
      Effect.gen(function*() {
        const terminal = yield* dashboard({
          columns: 80,
          rows: 24,
          env: { COLORTERM: "truecolor", ODTO_THEME: "light" }
        })
        yield* seen(terminal, "default")

        yield* golden("overview-80x24-light", terminal)
      }))
  })

  describe("A system that has worked", () => {
    it.effect("is made", () => seeded)

    for (const [columns, rows] of sizes) {
      for (const [mode, env] of Object.entries(modes)) {
        it.effect(`has its jobs at ${columns}x${rows} in ${mode}`, () =>
          Effect.gen(function*() {
            const terminal = yield* dashboard({ columns, rows, env, args: ["--view", "jobs"] })
            yield* terminal.until("all jobs", (text) => text.includes("of 5"))
            yield* terminal.type("jj")
            yield* terminal.until(
              "the second row is selected",
              () => terminal.picture()[secondRow]?.some(({ look }) => look.inverse) === true
            )

            yield* golden(`jobs-${columns}x${rows}-${mode}`, terminal)
            if (mode === "none") {
              assert.isFalse(
                terminal.picture().flat().some(({ look }) => look.foreground !== undefined)
              )
            }
            if (mode === "ascii") assert.match(terminal.raw().replaceAll("\u001b", ""), /^[\u0000-\u007e]*$/u)
          }))
      }
    }

    it.effect("has every other view, and everything that opens", () =>
      Effect.gen(function*() {
        const terminal = yield* dashboard({ columns: 80, rows: 24, args: ["--view", "dead"] })
        yield* seen(terminal, "1-1 of 1")
        yield* terminal.type("jr")
        yield* seen(terminal, "Run dead job")
        yield* golden("question", terminal)
        yield* terminal.type(keys.esc)
        yield* terminal.until("no question", (text) => !text.includes("Run dead job"))
        yield* golden("dead", terminal)
        yield* terminal.type(keys.enter)
        yield* seen(terminal, "no such address")
        yield* golden("job", terminal)
        yield* terminal.type(":queues")
        yield* seen(terminal, ":queues")
        yield* golden("palette", terminal)
        yield* terminal.type(keys.enter)
        yield* terminal.until("the queues", (text) => text.includes("mail") && text.includes("of 2"))
        yield* golden("queues", terminal)
        yield* terminal.type(":types")
        yield* terminal.type(keys.enter)
        yield* seen(terminal, "http.request")
        yield* golden("types", terminal)
        yield* terminal.type("?")
        yield* seen(terminal, "Keys in types")
        yield* golden("help", terminal)
        yield* terminal.type("?nsleep")
        yield* seen(terminal, "Waits for")
        yield* terminal.type(keys.enter)
        yield* seen(terminal, "ms *")
        yield* terminal.type("5x")
        yield* seen(terminal, "must be an integer")
        yield* golden("form", terminal)
        yield* terminal.type(keys.esc)
        yield* terminal.until("no form", (text) => !text.includes("New task"))
        yield* terminal.type(":alerts")
        yield* terminal.type(keys.enter)
        yield* terminal.until("the alerts", (text) => text.includes("Alerts") && text.includes("fresh"))
        yield* golden("alerts", terminal)
        yield* terminal.type("U")
        yield* seen(terminal, "answers")
        yield* golden("access", terminal)
        yield* terminal.type(":jobs")
        yield* terminal.type(keys.enter)
        yield* seen(terminal, "of 5")
        yield* terminal.type("/status:cancelled")
        yield* seen(terminal, "status:cancelled")
        yield* golden("filter", terminal)
      }))
  })
})
