/** What the README tells a newcomer to type, typed. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { cpSync, existsSync } from "node:fs"
import { join } from "node:path"
import { freePorts } from "../support/Programs.ts"
import { folder, root, run, shellLines, start } from "./given.ts"

const hasCurl = ["/usr/bin/curl", "/bin/curl", "/usr/local/bin/curl"].some((path) => existsSync(path))
const cli = `'${process.execPath}' '${join(root, "src/cli/main.ts")}'`
/** Several programs start one after the other, beside whatever else the machine does. */
const patience = 180_000
/** In a clone the README runs the launcher, which builds; the sources are the same program. */
const fromSources = (line: string) => line.replace("npm run -s odd-dashboard --", cli)

const up = Effect.fnUntraced(function*(home: string, args = "") {
  const ports = yield* freePorts
  const settings = { ODTO_HOME: home, ...ports.settings }
  const system = yield* start(root, `exec ${cli} up ${args}`, settings)
  yield* system.says(/The task observatory is running/u)
  return { ...ports, ...system, settings }
})

const stop = Effect.fnUntraced(function*({ ended, kill }: Effect.Success<ReturnType<typeof up>>) {
  kill("SIGTERM")
  return yield* ended
})

describe("The README", () => {
  it.live.skipIf(!hasCurl)("submits, reads and follows with curl", () =>
    Effect.gen(function*() {
      const { gatewayUrl, readModelUrl } = yield* up(yield* folder)
      const [submit = "", read = "", follow = "", ...others] = shellLines("curl").map((line) =>
        line.replace("http://localhost:3000", gatewayUrl).replace("http://localhost:8080", readModelUrl)
      )
      const stream = yield* start(root, `exec ${follow}`)
      yield* stream.says(/^id: /mu)
      const { jobId }: { readonly jobId: string } = JSON.parse(yield* run(root, submit))
      const list: { readonly jobs: ReadonlyArray<{ readonly id: string }> } = JSON.parse(yield* run(root, read))
      const events = yield* stream.says(/event: odto\.job\.completed\.v1/u)

      assert.lengthOf(others, 0)
      assert.deepStrictEqual(list.jobs.map(({ id }) => id), [jobId])
      assert.include(events, `"subject":"${jobId}"`)
    }), patience)

  it.live("takes the first steps on the command line", () =>
    Effect.gen(function*() {
      const { settings } = yield* up(yield* folder)
      const [sleep = "", jobs = "", stats = "", flaky = "", watch = "", ...others] = shellLines(
        "npm run -s odd-dashboard"
      )
        .map(fromSources)
      const watching = yield* start(root, `exec ${watch}`, settings)
      const slept = yield* run(root, sleep, settings)
      const listed = yield* run(root, jobs, settings)
      const counted = yield* run(root, stats, settings)
      yield* run(root, flaky, settings)

      assert.lengthOf(others, 0)
      assert.match(slept, /completed after 1 attempt/u)
      assert.include(listed, "demo.sleep")
      assert.include(counted, "completed")
      yield* watching.says(/retry-scheduled/u)
    }), patience)

  it.live("backs up by a copy of the folder of a stopped system", () =>
    Effect.gen(function*() {
      const place = yield* folder
      const first = yield* up(join(place, "home"))
      const { id }: { readonly id: string } = JSON.parse(
        yield* run(root, `${cli} --json submit demo.noop --wait`, first.settings)
      )
      const code = yield* stop(first)
      cpSync(join(place, "home"), join(place, "copy"), { recursive: true })
      const second = yield* up(join(place, "copy"))
      const job = yield* run(root, `${cli} job ${id}`, second.settings)

      assert.strictEqual(code, 0)
      assert.include(job, "completed")
    }), patience)
})

describe("The example", () => {
  it.live("runs in a clone: the effect, the async function, and what cannot be retried", () =>
    Effect.gen(function*() {
      const { settings } = yield* up(yield* folder, "--jobs ./examples/jobs.ts")
      const submit = (type: string, payload: object) =>
        run(root, `${cli} --json submit ${type} --payload '${JSON.stringify(payload)}' --wait`, settings)
      const counted: { readonly result: object } = JSON.parse(
        yield* submit("text.word-count", { text: "to be or not to be" })
      )
      const sent: { readonly result: object } = JSON.parse(
        yield* submit("letters.send", { to: ["a@b", "c@d"], millisPerLetter: 1 })
      )
      const refused = yield* start(
        root,
        `exec ${cli} submit letters.send --payload '{"to":["nobody"]}' --wait`,
        settings
      )

      assert.deepStrictEqual(counted.result, { words: 6, longest: "not", occurrences: 1 })
      assert.deepStrictEqual(sent.result, { sent: 2 })
      assert.strictEqual(yield* refused.ended, 1)
      assert.include(refused.output(), "dead after 1 attempt")
    }), patience)
})
