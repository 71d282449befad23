import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { dashboard } from "../../support/dashboard/Dashboard.ts"
import { asked, System } from "../../support/RunningSystem.ts"
import { keys, type Terminal } from "../../support/terminal/Terminal.ts"

const shows = (terminal: Terminal, ...parts: ReadonlyArray<string | RegExp>) =>
  terminal.until(
    parts.join(", "),
    (text) => parts.every((part) => typeof part === "string" ? text.includes(part) : part.test(text))
  )

const jobWith = (jobId: string) => Effect.map(asked(["job", jobId]), ([{ job }]) => job)
const submitted = (...args: ReadonlyArray<string>) =>
  Effect.map(asked(["submit", ...args]), ([{ jobId, id }]) => String(jobId ?? id))

layer(System.layer, { excludeTestServices: true, timeout: 60_000 })((it) => {
  describe("A task is added", () => {
    it.effect("by a form made from its type, and is shown as it runs", () =>
      Effect.gen(function*() {
        const terminal = yield* dashboard()
        yield* terminal.type("n")
        yield* shows(terminal, "demo.sleep", "http.request")
        yield* terminal.type("sleep")
        yield* terminal.type(keys.enter)
        yield* shows(terminal, "New task", "ms *")
        yield* terminal.type("12x")
        yield* shows(terminal, "must be an integer")
        yield* terminal.type(keys.backspace)
        yield* terminal.type(keys.tab)
        yield* terminal.type("flow")
        yield* terminal.type(keys.enter)
        const text = yield* shows(terminal, "[Summary]", "completed", "flow")
        const [{ jobs }] = yield* asked(["jobs", "--queue", "flow"])

        assert.lengthOf(jobs, 1)
        assert.include(text, jobs[0].id)
      }))

    it.effect("not while a field does not fit, and says what the server says at the field", () =>
      Effect.gen(function*() {
        const terminal = yield* dashboard()
        yield* terminal.type("n")
        yield* shows(terminal, "http.request")
        yield* terminal.type("http")
        yield* terminal.type(keys.enter)
        yield* shows(terminal, "url *")
        yield* terminal.type(keys.enter)
        yield* shows(terminal, "is required")
        yield* terminal.type("http://localhost/")
        yield* terminal.type(keys.tab)
        yield* terminal.type(keys.right)
        yield* shows(terminal, /method +GET/)
        yield* terminal.type(keys.tab)
        // JSON may hold it, no store can: only the server knows.
        yield* terminal.type("{\"a\":\"\\u0000\"}")
        yield* terminal.type(keys.enter)
        yield* shows(terminal, /headers +\{"a":"\\u0000"\}\S*\n +\S+/)
        yield* terminal.type(keys.esc)
        const text = yield* shows(terminal, "Overview")

        assert.notInclude(text, "New task")
        assert.lengthOf((yield* asked(["jobs", "--type", "http.request"]))[0].jobs, 0)
      }))
  })

  describe("A list", () => {
    it.effect("is narrowed by the filter of the API, and widened by Esc", () =>
      Effect.gen(function*() {
        yield* submitted("demo.noop", "--queue", "wanted", "--wait")
        yield* submitted("demo.noop", "--queue", "unwanted", "--wait")
        const terminal = yield* dashboard({ args: ["--view", "jobs"] })
        yield* shows(terminal, /\bwanted\b/, "unwanted")
        yield* terminal.type("/")
        yield* terminal.type("queue:wanted status:completed")
        yield* terminal.type(keys.enter)
        yield* terminal.until("only what fits", (text) => text.includes("1-1 of 1") && !text.includes("unwanted"))
        yield* terminal.type(keys.esc)
        yield* shows(terminal, "unwanted")
      }))

    it.effect("leads to the job that is selected and back to the same row, whatever comes meanwhile", () =>
      Effect.gen(function*() {
        yield* submitted("demo.noop", "--queue", "first", "--wait")
        const wanted = yield* submitted("demo.noop", "--queue", "second", "--wait")
        yield* submitted("demo.noop", "--queue", "third", "--wait")
        const terminal = yield* dashboard({ args: ["--view", "jobs"] })
        yield* shows(terminal, "third")
        yield* terminal.type("jj")
        yield* submitted("demo.noop", "--queue", "fourth", "--wait")
        yield* shows(terminal, "fourth")
        yield* terminal.type(keys.enter)
        yield* shows(terminal, "[Summary]", wanted)
        yield* terminal.type(keys.tab)
        yield* shows(terminal, "[Timeline]", "dispatched")
        yield* terminal.type(keys.esc)
        yield* shows(terminal, "STATUS", "fourth")
        yield* terminal.type(keys.enter)
        yield* shows(terminal, "[Summary]", wanted)
      }))

    it.effect("stands still while it is paused, says how much waits, and goes on", () =>
      Effect.gen(function*() {
        const terminal = yield* dashboard({ args: ["--view", "jobs"] })
        yield* terminal.type(" ")
        yield* shows(terminal, "PAUSED, 0 waiting")
        yield* submitted("demo.noop", "--queue", "meanwhile", "--wait")
        const still = yield* shows(terminal, /PAUSED, [1-9]\d* waiting/)
        yield* terminal.type(" ")
        yield* shows(terminal, "meanwhile")

        assert.notInclude(still, "meanwhile")
      }))

    it.effect("is sorted by the next column with s", () =>
      Effect.gen(function*() {
        const terminal = yield* dashboard({ args: ["--view", "jobs"] })
        yield* terminal.type("s")
        yield* shows(terminal, "STATUS↑")
        yield* terminal.type("S")
        yield* shows(terminal, "STATUS↓")
      }))
  })

  describe("An action", () => {
    it.effect("cancels a waiting job after a yes, and not before", () =>
      Effect.gen(function*() {
        const jobId = yield* submitted("demo.noop", "--delay", "86400", "--queue", "later")
        const terminal = yield* dashboard({ args: ["--view", "jobs", "--filter", "queue:later"] })
        yield* shows(terminal, "scheduled")
        yield* terminal.type("j")
        yield* terminal.type("x")
        yield* shows(terminal, `Cancel job ${jobId} of type demo.noop (scheduled)?`)
        yield* terminal.type(`x${keys.enter}`)
        yield* terminal.type(keys.esc)
        yield* terminal.until("the question is gone", (text) => !text.includes("Cancel job"))
        const { status: before } = yield* jobWith(jobId)
        yield* terminal.type("xy")
        yield* shows(terminal, /(?:⊘ cancelled|is cancelled)/)

        assert.strictEqual(before, "scheduled")
        assert.strictEqual((yield* jobWith(jobId)).status, "cancelled")
      }))

    it.effect("replays a dead job from the list of the dead, which it then leaves", () =>
      Effect.gen(function*() {
        const jobId = yield* submitted("demo.fail", "-p", "{\"retryable\":false}", "--queue", "dying")
        const terminal = yield* dashboard({ args: ["--view", "dead", "--filter", "queue:dying"] })
        yield* shows(terminal, "dead", "dying")
        yield* terminal.type("jr")
        yield* shows(terminal, `Run dead job ${jobId}`)
        yield* terminal.type("y")
        yield* shows(terminal, "is queued again")
        const { attempt } = yield* Effect.repeat(jobWith(jobId), { until: ({ attempt }) => attempt === 2 })

        assert.strictEqual(attempt, 2)
      }))

    it.effect("pauses a queue and resumes it", () =>
      Effect.gen(function*() {
        yield* submitted("demo.noop", "--queue", "apausing", "--wait")
        const terminal = yield* dashboard({ args: ["--view", "queues", "--filter", "apausing"] })
        yield* shows(terminal, "apausing", "open")
        yield* terminal.type("p")
        yield* shows(terminal, "Pause queue apausing?")
        yield* terminal.type("y")
        yield* shows(terminal, "‖ paused")
        yield* terminal.type("p")
        yield* shows(terminal, "Resume queue apausing?")
        yield* terminal.type("y")
        yield* shows(terminal, "▶ open")
      }))

    it.effect("that the system refuses says why", () =>
      Effect.gen(function*() {
        const jobId = yield* submitted("demo.noop", "--delay", "86400", "--queue", "stale")
        const terminal = yield* dashboard({ args: ["--view", "jobs", "--filter", "queue:stale"] })
        yield* shows(terminal, "scheduled")
        yield* terminal.type("jx")
        yield* shows(terminal, "Cancel job")
        yield* asked(["cancel", jobId])
        yield* terminal.type("y")
        yield* shows(terminal, /cannot cancel job .*: it is cancelled$/m)
      }))

    it.effect("copies through the terminal", () =>
      Effect.gen(function*() {
        const jobId = yield* submitted("demo.noop", "--queue", "copied", "--wait")
        const terminal = yield* dashboard({ args: ["--view", "jobs", "--filter", "queue:copied"] })
        yield* shows(terminal, "1-1 of 1")
        yield* terminal.type("jy")
        yield* shows(terminal, "the id, 36 characters: sent to the terminal's clipboard")

        assert.include(terminal.raw(), `\u001b]52;c;${Buffer.from(jobId).toString("base64")}\u0007`)
      }))
  })

  describe("The palette", () => {
    it.effect("goes to any view, with a filter behind its name", () =>
      Effect.gen(function*() {
        const terminal = yield* dashboard()
        for (
          const [typed, seen] of [["workers", "HEARD"], ["types", "demo.cpu"], ["access", "Gateway API"]] as const
        ) {
          yield* terminal.type(":")
          yield* terminal.type(typed)
          yield* terminal.type(keys.enter)
          yield* shows(terminal, seen)
        }
        yield* terminal.type(":")
        yield* terminal.type("jobs queue:nowhere")
        yield* terminal.type(keys.enter)
        yield* shows(terminal, "no job fits the filter")
      }))
  })

  describe("Data", () => {
    it.effect("that holds commands for terminals is shown and not obeyed", () =>
      Effect.gen(function*() {
        const evil = "\u001b]8;;https://evil.example\u0007\u001b[2J\u202e\u001b]52;c;aGk=\u0007"
        const jobId = yield* submitted(
          "demo.fail",
          "-p",
          JSON.stringify({ message: evil, retryable: false }),
          "--queue",
          "evil"
        )
        const terminal = yield* dashboard({ args: ["--view", "dead", "--filter", "queue:evil"] })
        yield* shows(terminal, "1-1 of 1")
        yield* terminal.type(`j${keys.enter}`)
        yield* shows(terminal, jobId, "Last error")
        for (const tab of ["[Timeline]", "[Attempts]", "[Payload and result]"]) {
          yield* terminal.type(keys.tab)
          // Wherever a line ends.
          yield* terminal.until(tab, (text) =>
            text.includes(tab) && text.replaceAll(/\s*\n\s*/gu, "").includes("\\u001b]8;;https://evil.example"))
        }

        assert.notInclude(terminal.raw(), "\u001b]8;;https")
        assert.notInclude(terminal.raw(), "\u001b]52;c;aGk=")
        assert.notInclude(terminal.raw(), "\u202e")
      }))
  })
})
