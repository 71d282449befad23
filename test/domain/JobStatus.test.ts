import {
  classOf,
  isFinal,
  JobState,
  jobStates,
  JobStatus,
  mayMove,
  moves,
  rankOf,
  statesOf,
  statusOf,
  WrongState
} from "#domain/JobStatus.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

interface Row {
  readonly move: string
  readonly from: ReadonlyArray<JobState>
  readonly to: ReadonlyArray<JobState>
}
const table: ReadonlyArray<Row> = Object.entries(moves).map(([move, { from, to }]) => ({ move, from, to }))
const stepsFrom = (state: JobState): ReadonlyArray<{ readonly move: string; readonly to: JobState }> =>
  table.flatMap(({ from, move, to }) => from.includes(state) ? to.map((next) => ({ move, to: next })) : [])

const Choices = Schema.Array(Schema.Natural).check(Schema.isMaxLength(60))
const Start = Schema.Literals(["scheduled", "queued"])

describe("JobStatus", () => {
  it.prop("a job walks along the table and ends only where it may end", { start: Start, choices: Choices }, ({
    choices,
    start
  }) => {
    let state: JobState = start
    for (const choice of choices) {
      const steps = stepsFrom(state)
      const step = steps[choice % Math.max(1, steps.length)]
      if (step === undefined) {
        assert.isTrue(state === "completed" || state === "cancelled")
        return
      }
      assert.isTrue(mayMove(state, step.to))
      if (isFinal(state)) assert.deepStrictEqual([state, step.move], ["dead", "replay"])
      assert.isFalse(step.to === "running" && state !== "dispatched")
      state = step.to
    }
  })

  it.prop("there is no move outside the table", { from: JobState, to: JobState }, ({ from, to }) => {
    assert.strictEqual(mayMove(from, to), stepsFrom(from).some((step) => step.to === to))
  })

  it("from every state a job can reach an end", () => {
    const ends = (state: JobState, seen: ReadonlySet<JobState> = new Set()): boolean =>
      isFinal(state) ||
      stepsFrom(state).some((step) => !seen.has(step.to) && ends(step.to, new Set([...seen, state])))

    assert.deepStrictEqual(jobStates.filter((state) => !ends(state)), [])
  })

  it("moves inside waiting are those that write no event; every other move changes the class", () => {
    const silent = table
      .filter(({ from, to }) => from.some((a) => to.some((b) => classOf(a) === classOf(b))))
      .map(({ move }) => move)

    assert.deepStrictEqual(silent, ["promote", "dispatch", "handBack"])
  })

  it("every stored state is behind exactly one status", () => {
    const behind = JobStatus.literals.flatMap((status) => statesOf(status).map((state) => ({ status, state })))

    assert.deepStrictEqual(behind.map(({ state }) => state).toSorted(), jobStates.toSorted())
    assert.isTrue(behind.every(({ state, status }) => statusOf(state) === status))
  })

  it("the final states are the classes of their own that nothing but a replay leaves", () => {
    const left = jobStates.filter((state) => isFinal(state)).map((state) => [state, stepsFrom(state)])

    assert.deepStrictEqual(left, [
      ["completed", []],
      ["dead", [{ move: "replay", to: "queued" }]],
      ["cancelled", []]
    ])
  })

  it.prop(
    "a step of priority is worth a minute of waiting",
    {
      dueAt: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4e12 })),
      waited: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3_600_000 })),
      low: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })),
      high: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))
    },
    ({ dueAt, high, low, waited }) => {
      const older = rankOf(dueAt - waited, low)
      const newer = rankOf(dueAt, high)

      assert.strictEqual(newer > older, waited > (high - low) * 60_000)
    }
  )

  it("says what cannot be done, and why", () => {
    const error = new WrongState({ jobId: "7", action: "cancel", status: "completed" })

    assert.strictEqual(error.message, "cannot cancel job 7: it is completed")
  })
})
