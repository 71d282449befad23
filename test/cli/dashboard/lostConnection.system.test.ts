import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { command } from "../../support/CommandLine.ts"
import { environment, isRead, launcher } from "../../support/dashboard/Dashboard.ts"
import { freshFolder } from "../../support/Embedded.ts"
import { eventually, start } from "../../support/Programs.ts"
import { freePort } from "../../support/servers/machine.ts"
import { open } from "../../support/terminal/Terminal.ts"

describe("A system that goes away", () => {
  it.live(
    "is said to be lost, with its age, and is followed again without a gap when it is back",
    () =>
      Effect.gen(function*() {
        const home = yield* freshFolder
        const settings = {
          ODTO_HOME: home,
          ODTO_GATEWAY_PORT: String(yield* Effect.promise(freePort)),
          ODTO_READ_MODEL_PORT: String(yield* Effect.promise(freePort))
        }
        const running = Effect.gen(function*() {
          const system = yield* start(["up"], settings)
          yield* eventually("the system runs", async () => system.output(), (said) => said.includes("is running"))
          return system
        })
        const submit = (queue: string) => command(["submit", "demo.noop", "--queue", queue, "--wait"], { settings })
        const first = yield* running
        yield* submit("before")
        const terminal = yield* open({
          command: process.execPath,
          args: [launcher, "--view", "jobs"],
          cwd: "/",
          env: { ...environment(), ODTO_HOME: home },
          columns: 120,
          rows: 30
        })
        yield* terminal.until("the job", (text) => isRead(text) && text.includes("before"), 60_000)

        first.kill("SIGKILL")
        yield* first.ended
        const lost = yield* terminal.until("the loss", (text) => text.includes("connection lost"))
        const stale = yield* terminal.until("the age", (text) => /stale \d+\.0 s/u.test(text), 20_000)
        yield* running
        yield* submit("after")
        const back = yield* terminal.until(
          "the new job, and everything read anew",
          (text) => isRead(text) && text.includes("after") && !text.includes("stale"),
          30_000
        )

        assert.include(lost, "before")
        assert.include(stale, "before")
        assert.include(back, "before")
      }),
    120_000
  )
})
