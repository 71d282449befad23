/** Commands about jobs, as a user runs them. */
import { assert, layer } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Effect } from "effect"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { jsonLines } from "../support/CommandLine.ts"
import { asked, oneLine, run, System, waiting } from "../support/RunningSystem.ts"

layer(System.layer, { excludeTestServices: true, timeout: 120_000 })("The command line, of jobs,", (it) => {
  it.effect("submits from flags, waits, and prints the result", () =>
    Effect.gen(function*() {
      const [job] = yield* asked([
        "submit",
        "demo.sleep",
        "-p",
        "{\"ms\":1}",
        "--tag",
        "invoice",
        "--correlation-id",
        "order-1",
        "--wait"
      ])

      assert.strictEqual(job.status, "completed")
      assert.deepStrictEqual(job.tags, ["invoice"])
      assert.strictEqual(job.correlationId, "order-1")
    }))

  it.effect("fails with 1 when the job that it waits for dies, and says how to see why", () =>
    Effect.gen(function*() {
      const ran = yield* run(["submit", "demo.fail", "--max-attempts", "1", "--wait"])

      assert.strictEqual(ran.code, 1)
      assert.match(oneLine(ran), /is dead; see why with: .*odd-dashboard.* job [0-9a-f-]{36}$/)
    }))

  it.effect("makes one job of one key", () =>
    Effect.gen(function*() {
      const [first] = yield* asked(["submit", "demo.noop", "--idempotency-key", "k1"])
      const [again] = yield* asked(["submit", "demo.noop", "--idempotency-key", "k1"])
      const other = yield* run(["submit", "demo.noop", "--priority", "9", "--idempotency-key", "k1"])

      assert.strictEqual(again.jobId, first.jobId)
      assert.strictEqual(other.code, 65)
      assert.include(oneLine(other), String(first.jobId))
    }))

  it.effect("submits 1,200 lines from standard input, each with its own answer", () =>
    Effect.gen(function*() {
      const lines = Array.from(
        { length: 1_200 },
        (_, index) => JSON.stringify({ type: "demo.noop", tags: [`line-${index}`] })
      )

      const results = yield* asked(["submit"], { input: lines.join("\n") })

      assert.lengthOf(results, 1_200)
      assert.isTrue(results.every(({ outcome }) => outcome === "accepted"))
      assert.strictEqual(new Set(results.map(({ jobId }) => jobId)).size, 1_200)
    }), 60_000)

  it.effect("names the line of a file that is no job", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "odto-lines-"))),
        (made) => Effect.sync(() => rmSync(made, { recursive: true }))
      )
      const file = join(folder, "jobs.ndjson")
      writeFileSync(file, "{\"type\":\"demo.noop\"}\n\n{\"type\":\"demo.noop\",\"prio\":1}\n")

      const ran = yield* run(["submit", "--file", file])

      assert.strictEqual(ran.code, 65)
      assert.match(oneLine(ran), /line 3: .*prio/)
    }))

  it.effect("says which of many the system refused, and ends with 65", () =>
    Effect.gen(function*() {
      const ran = yield* run(["submit", "--json"], { input: "{\"type\":\"demo.noop\"}\n{\"type\":\"no.such\"}\n" })

      assert.strictEqual(ran.code, 65)
      assert.deepStrictEqual(jsonLines(ran).map(({ outcome }) => outcome), ["accepted", "refused"])
    }))

  it.effect("names the field of a payload that does not fit, and the type that nobody registered", () =>
    Effect.gen(function*() {
      const misfit = yield* run(["submit", "demo.sleep", "-p", "{\"ms\":\"x\"}"])
      const unknown = yield* run(["submit", "no.such"])

      assert.deepStrictEqual([misfit.code, unknown.code], [65, 65])
      assert.match(oneLine(misfit), /\/payload\/ms.*types --json/)
      assert.match(oneLine(unknown), /no\.such; list types with: /)
    }))

  it.effect("lists by the filters of the API, page by page", () =>
    Effect.gen(function*() {
      for (const tag of ["page", "page", "other"]) yield* asked(["submit", "demo.noop", "--tag", tag])

      const [first] = yield* asked(["jobs", "--tag", "page", "--limit", "1", "--sort", "oldest"])
      const [second] = yield* asked([
        "jobs",
        "--tag",
        "page",
        "--limit",
        "1",
        "--sort",
        "oldest",
        "--cursor",
        first.next
      ])
      const [none] = yield* asked(["jobs", "--tag", "page", "--status", "dead"])

      assert.lengthOf(first.jobs, 1)
      assert.lengthOf(second.jobs, 1)
      assert.notStrictEqual(first.jobs[0].id, second.jobs[0].id)
      assert.deepStrictEqual(none.jobs, [])
    }))

  it.effect("shows a job with its timeline, to people and to programs", () =>
    Effect.gen(function*() {
      const [job] = yield* asked(["submit", "demo.noop", "--wait"])

      const [shown] = yield* asked(["job", job.id])
      const human = yield* run(["job", job.id])

      assert.strictEqual(shown.job.status, "completed")
      assert.includeMembers(shown.timeline.steps.map(({ what }: { readonly what: string }) => what), [
        "created",
        "completed"
      ])
      assert.include(human.stdout, job.id)
      assert.include(human.stdout, "completed")
    }))

  it.effect("shows escape sequences instead of obeying them", () =>
    Effect.gen(function*() {
      const evil = "\u001b]0;owned\u0007\u009b2J\u202e"
      // Nobody is asked at that address: the request fails, and its payload is what is looked at.
      const payload = JSON.stringify({ url: "http://127.0.0.1:1", body: evil })
      const [{ jobId }] = yield* asked(["submit", "http.request", "-p", payload, "--delay", "86400"])

      const { stdout } = yield* run(["job", jobId])

      assert.include(stdout, "\\u001b]0;owned")
      assert.notMatch(stdout, /[\u001b\u0007\u009b\u202e]/u)
    }))

  it.effect("follows events until Ctrl-C, and then ends with 130", () =>
    Effect.gen(function*() {
      // Nobody sees from outside when the stream is open, so there are events until it has seen one.
      const ran = yield* Effect.raceFirst(
        run(["watch", "--queue", "watched", "--type", "created", "--json"], { interruptAt: /\n/ }),
        Effect.forever(asked(["submit", "demo.noop", "--queue", "watched"]))
      )

      assert.strictEqual(ran.code, 130)
      const [event] = jsonLines(ran)
      assert.strictEqual(event.type, "odto.job.created.v1")
      assert.strictEqual(event.data.queue, "watched")
    }))

  it.effect("cancels a waiting job once; again is the wrong state", () =>
    Effect.gen(function*() {
      const jobId = yield* waiting

      const [answer] = yield* asked(["cancel", jobId])
      const again = yield* run(["cancel", jobId])

      assert.strictEqual(answer.status, "cancelled")
      assert.strictEqual(again.code, 65)
      assert.match(oneLine(again), new RegExp(`cancelled.*job ${jobId}$`))
    }))

  it.effect("replays a dead job and no other", () =>
    Effect.gen(function*() {
      const dead = yield* run(["submit", "demo.fail", "--max-attempts", "1", "--wait", "--json"])
      const jobId = String(jsonLines(dead)[0]?.id)

      const [answer] = yield* asked(["replay", jobId])
      const wrong = yield* run(["replay", yield* waiting])

      assert.strictEqual(answer.status, "queued")
      assert.strictEqual(wrong.code, 65)
    }))

  it.effect("has events that fit the schemas of their types", () =>
    Effect.gen(function*() {
      yield* asked(["submit", "demo.flaky", "-p", "{\"failures\":1}", "--max-attempts", "3", "--wait"])
      const [{ events }] = yield* asked(["events", "--limit", "1000"])
      const ajv = new Ajv2020({
        strict: false,
        formats: { "date-time": (text: string) => !Number.isNaN(Date.parse(text)) }
      })
      const schemaOf = (type: string) => {
        const file = join(import.meta.dirname, `../../contracts/schemas/events/${type}.schema.json`)
        assert.isTrue(existsSync(file), type)
        const document = JSON.parse(readFileSync(file, "utf8"))
        return ajv.getSchema(document.$id) ?? ajv.compile(document)
      }

      const misfits = events.flatMap((event: { readonly type: string }) => {
        const fits = schemaOf(event.type)
        return fits(event) === true ? [] : [{ event, errors: fits.errors }]
      })

      assert.isAbove(new Set(events.map(({ type }: { readonly type: string }) => type)).size, 4)
      assert.deepStrictEqual(misfits.slice(0, 3), [])
    }), 60_000)
})
