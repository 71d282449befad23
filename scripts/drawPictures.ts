/**
 * Draws the pictures of the dashboard for the README: the built program in a terminal, over an embedded system with work
 * to do.
 *
 *     npm run -s pictures      writes docs/pictures/*.svg, to be looked at before they are committed
 */
import { Effect, Schedule } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { eventually, freePorts, getJson, postJson, start } from "../test/support/Programs.ts"
import { svgOf } from "../test/support/terminal/svg.ts"
import { keys, open } from "../test/support/terminal/Terminal.ts"

const root = join(import.meta.dirname, "..")
const folder = join(root, "docs/pictures")
const size = { columns: 120, rows: 32 }

/** Jobs of every fate, some of them for as long as the pictures take. */
const work = [
  ...Array.from({ length: 400 }, () => ({ type: "demo.noop", tags: ["nightly"] })),
  ...Array.from(
    { length: 30 },
    (_, nth) => ({ type: "demo.sleep", payload: { ms: 90_000 + 1_000 * nth }, queue: "reports", priority: 7 })
  ),
  ...Array.from({ length: 25 }, () => ({ type: "demo.flaky", payload: { failures: 1 }, queue: "mail" })),
  ...Array.from(
    { length: 6 },
    () => ({ type: "demo.fail", payload: { message: "smtp: 550 no such mailbox" }, queue: "mail", maxAttempts: 1 })
  ),
  ...Array.from({ length: 12 }, () => ({ type: "demo.noop", runAt: new Date(Date.now() + 3_600_000).toISOString() }))
]

const drawing = Effect.gen(function*() {
  const home = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "odto-pictures-"))),
    (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
  )
  const { gatewayUrl, readModelUrl, settings } = yield* freePorts
  yield* start(["up"], { ODTO_HOME: home, ...settings })
  yield* eventually("the system runs", () => getJson(`${gatewayUrl}/readyz`), () => true)
  yield* Effect.promise(() => postJson(`${gatewayUrl}/jobs/batch`, { jobs: work }))
  yield* eventually(
    "the quick ones have ended",
    () =>
      getJson<{ readonly jobs: { readonly counts: { readonly completed: number; readonly dead: number } } }>(
        `${readModelUrl}/stats`
      ),
    ({ jobs: { counts } }) => counts.completed >= 425 && counts.dead >= 6
  )
  // A chart wants a past: half a minute of work that comes and goes.
  let nth = 0
  const wave = Effect.promise(() =>
    postJson(`${gatewayUrl}/jobs/batch`, {
      jobs: Array.from({ length: Math.round(20 + 15 * Math.sin(nth++ / 6)) }, (_, job) => ({
        type: job % 12 === 0 ? "demo.flaky" : "demo.noop",
        ...(job % 12 === 0 ? { payload: { failures: 1 } } : {}),
        queue: ["default", "mail", "reports"][job % 3]
      }))
    })
  )
  yield* Effect.forkScoped(Effect.repeat(wave, Schedule.spaced("400 millis")))
  yield* Effect.sleep("30 seconds")
  const terminal = yield* open({
    command: process.execPath,
    args: [join(root, "bin/odd-dashboard.mjs")],
    cwd: root,
    env: { PATH: process.env.PATH ?? "", LANG: "C.UTF-8", COLORTERM: "truecolor", ODTO_HOME: home },
    ...size
  })
  /** When everything has been read and drawn. */
  const draw = (name: string) =>
    terminal.until("all of it", (text) => !/\breading\b/u.test(text)).pipe(
      Effect.andThen(Effect.sleep("1 second")),
      Effect.andThen(Effect.sync(() => writeFileSync(join(folder, `${name}.svg`), svgOf(terminal.picture()))))
    )

  yield* terminal.until(
    "the overview",
    (text) => /workers +1 live/u.test(text) && /completed +[\d,]+/u.test(text),
    30_000
  )
  yield* draw("overview")
  yield* terminal.type("2")
  yield* terminal.until("the jobs", (text) => /› jobs[^]*demo\.\w+ +\w+ +\d\/\d/u.test(text), 10_000)
  // A job that runs for a while: it stays where it is until somebody acts.
  yield* terminal.type("/")
  yield* terminal.type(`queue:reports type:demo.sleep${keys.enter}`)
  yield* terminal.until("the long jobs", (text) => /running +demo\.sleep/u.test(text))
  yield* terminal.type("jj")
  yield* terminal.type("x")
  yield* terminal.until("the question", (text) => text.includes("Cancel job"))
  yield* draw("jobs")
})

mkdirSync(folder, { recursive: true })
await Effect.runPromise(Effect.scoped(drawing))
