/** The embedded system as a person runs it: one process, a data folder, SIGKILL in the middle of the work. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { freshFolder } from "../support/Embedded.ts"
import { assertWholeHistories } from "../support/Histories.ts"
import { eventually, freePorts, getJson, postJson, type Program, start } from "../support/Programs.ts"

interface Counts {
  readonly scheduled: number
  readonly queued: number
  readonly running: number
  readonly retrying: number
  readonly completed: number
  readonly dead: number
  readonly cancelled: number
}
interface Stats {
  readonly jobs: { readonly accepted: number; readonly counts: Counts }
}
interface Batch {
  readonly results: ReadonlyArray<{ readonly outcome: string; readonly jobId: string }>
}

const up = Effect.fnUntraced(function*(home: string, settings: Readonly<Record<string, string>> = {}) {
  const ports = yield* freePorts
  const program = yield* start(["up"], { ODTO_HOME: home, ...ports.settings, ...settings })
  yield* eventually("the system runs", () => getJson(`${ports.gatewayUrl}/readyz`), () => true)
  return { ...ports, program }
})

const kill = (program: Program) => Effect.andThen(Effect.sync(() => program.kill("SIGKILL")), program.ended)

const submit = (gatewayUrl: string, jobs: ReadonlyArray<object>) =>
  Effect.promise(async () => {
    const { body, status } = await postJson<Batch>(`${gatewayUrl}/jobs/batch`, { jobs })
    assert.strictEqual(status, 202)
    return body.results.map(({ jobId, outcome }) => {
      assert.strictEqual(outcome, "accepted")
      return jobId
    })
  })

const countsOf = (readModelUrl: string) => getJson<Stats>(`${readModelUrl}/stats`).then(({ jobs }) => jobs.counts)
const times = (count: number, job: object) => Array.from({ length: count }, () => job)

it.live("brings every accepted job to its one end after SIGKILL in the middle of 1,000", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    const first = yield* up(home, { ODTO_CONCURRENCY: "40" })
    const running = yield* submit(first.gatewayUrl, times(60, { type: "demo.sleep", payload: { ms: 1_500 } }))
    const retrying = yield* submit(
      first.gatewayUrl,
      times(150, {
        type: "demo.flaky",
        payload: { failures: 2 },
        priority: 9,
        backoff: { baseMillis: 3_000, factor: 1, maxMillis: 3_000, jitter: "full" }
      })
    )
    const scheduled = yield* submit(
      first.gatewayUrl,
      times(140, { type: "demo.noop", runAt: new Date(Date.now() + 4_000).toISOString() })
    )
    const toCancel = yield* submit(
      first.gatewayUrl,
      times(50, { type: "demo.noop", runAt: new Date(Date.now() + 600_000).toISOString() })
    )
    const queued = yield* submit(first.gatewayUrl, times(600, { type: "demo.noop", priority: 0 }))
    yield* Effect.forEach(
      toCancel,
      (jobId) => Effect.promise(() => postJson(`${first.gatewayUrl}/jobs/${jobId}/cancel`, {})),
      { concurrency: 8 }
    )
    const before = yield* eventually(
      "jobs in many states",
      () => countsOf(first.readModelUrl),
      (counts) => counts.running > 0 && counts.retrying > 0 && counts.queued > 0 && counts.cancelled === 50
    )
    yield* kill(first.program)

    const second = yield* up(home)
    const all = [...running, ...retrying, ...scheduled, ...toCancel, ...queued]
    const after = yield* eventually(
      "every job has ended",
      () => countsOf(second.readModelUrl),
      (counts) => counts.completed + counts.dead + counts.cancelled === all.length
    )
    const states = yield* assertWholeHistories(second.readModelUrl, all)

    assert.lengthOf(all, 1_000)
    assert.isAbove(before.running + before.queued + before.retrying, 0)
    assert.strictEqual(after.cancelled, 50)
    assert.strictEqual(after.dead, 0)
    assert.strictEqual(states.filter((state) => state === "completed").length, 950)
  }), 150_000)

it.live(
  "completes its first job soon after its start, on a new folder and on an old one",
  () =>
    Effect.gen(function*() {
      const home = yield* freshFolder
      for (const folder of ["new", "old"]) {
        const startedAt = performance.now()
        const { gatewayUrl, program, readModelUrl } = yield* up(home)
        const { body } = yield* Effect.promise(() =>
          postJson<{ jobId: string }>(`${gatewayUrl}/jobs`, { type: "demo.noop" })
        )
        yield* eventually(
          "the first job",
          () => getJson<{ status: string }>(`${readModelUrl}/jobs/${body.jobId}`),
          ({ status }) => status === "completed"
        )
        const millis = performance.now() - startedAt
        const { dependencies } = yield* Effect.promise(() =>
          getJson<{ dependencies: ReadonlyArray<{ name: string; state: string }> }>(`${gatewayUrl}/readyz`)
        )
        program.kill("SIGTERM")
        assert.deepStrictEqual(dependencies.map(({ name, state }) => [name, state]), [["pglite", "up"], [
          "handlers",
          "up"
        ]])
        assert.strictEqual(yield* program.ended, 0, "SIGTERM is a normal way to stop")
        // From the sources, on a machine that does other things: the bundle alone needs less than two seconds.
        assert.isBelow(millis, 20_000, `${folder} folder`)
      }
    }),
  60_000
)

it.live("lets running jobs end at the first SIGINT and ends at once at the second", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    const patient = yield* up(home)
    const [finished = ""] = yield* submit(patient.gatewayUrl, [{ type: "demo.sleep", payload: { ms: 2_000 } }])
    yield* eventually("it runs", () => countsOf(patient.readModelUrl), ({ running }) => running === 1)
    patient.program.kill("SIGINT")
    assert.strictEqual(yield* patient.program.ended, 0)

    const hasty = yield* up(home)
    const drained = yield* Effect.promise(() => getJson<{ status: string }>(`${hasty.readModelUrl}/jobs/${finished}`))
    yield* submit(hasty.gatewayUrl, [{ type: "demo.sleep", payload: { ms: 60_000 } }])
    yield* eventually("it runs", () => countsOf(hasty.readModelUrl), ({ running }) => running === 1)
    hasty.program.kill("SIGINT")
    yield* eventually(
      "it drains",
      () => Promise.resolve(hasty.program.output()),
      (output) => output.includes("stopping")
    )
    yield* Effect.sleep("600 millis") // sooner it would count as the same Ctrl-C
    hasty.program.kill("SIGINT")

    assert.strictEqual(drained.status, "completed")
    assert.strictEqual(yield* hasty.program.ended, 130)
  }), 120_000)

it.live(
  "refuses a second start on its folder, and takes over the folder of a process that died",
  () =>
    Effect.gen(function*() {
      const home = yield* freshFolder
      const holder = yield* up(home)
      const ports = yield* freePorts
      const second = yield* start(["up"], { ODTO_HOME: home, ...ports.settings })
      assert.strictEqual(yield* second.ended, 69)
      assert.include(second.output(), `process ${holder.program.pid}`)
      yield* kill(holder.program)

      const heir = yield* up(home)

      assert.notStrictEqual(heir.program.pid, holder.program.pid)
    }),
  60_000
)
