/**
 * Two sets of stores that are asked the same, one call after the other, answer the same and tell the same story. So
 * what a service does on the stores in memory it does on the real ones.
 *
 * Times are left out of the comparison, and nothing here depends on how fast they pass.
 */
import type { Position } from "#domain/Position.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import { JobQueries } from "#services/ports/JobQueries.ts"
import type { JobStore } from "#services/ports/JobStore.ts"
import type { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, type Context, Effect, Exit, Layer, Schema } from "effect"
import { acts, all, type Call, makeWorld, nothing, register, type World } from "../support/StoryActs.ts"
import { until } from "../support/until.ts"

export type Stores = JobStore | WorkerStore | EventLog | JobQueries

const times = new Set([
  "at",
  "readAt",
  "storeTime",
  "waitMillis",
  "deadlineInMillis",
  "oldestQueuedMillis",
  "createdAt",
  "updatedAt",
  "runAt",
  "startedAt",
  "finishedAt",
  "cancelRequestedAt",
  "pausedAt",
  "deadline"
])
/** The words in which a value is refused are the store's own. */
const ownWords = new Set(["detail", "cause", "stack"])

const comparable = (value: unknown, key = ""): unknown => {
  if (times.has(key)) return value === null || value === undefined ? null : "a time"
  if (Array.isArray(value)) return value.map((item) => comparable(item)).toSorted(byJob)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, item]) => item !== undefined && !ownWords.has(name))
      .map(([name, item]) => [name, comparable(item, name)])
  )
}
/** Answers come in no promised order; only those about jobs have one to be put in. */
const byJob = (a: unknown, b: unknown): number => idOf(a) < idOf(b) ? -1 : idOf(a) > idOf(b) ? 1 : 0
const idOf = (value: unknown): string =>
  typeof value === "object" && value !== null && "jobId" in value ? String(value.jobId) : ""

const answerOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  comparable(Exit.match(exit, {
    onSuccess: (value) => ({ value }),
    onFailure: ({ reasons }) => ({
      failed: reasons.map((reason) => reason._tag === "Fail" ? reason.error : String(reason))
    })
  }))

/** All that is to be seen afterwards; of the log what came after the position, `rowCount` rows of it. */
const storyOf = (world: World, before: Position, rowCount: number) =>
  Effect.gen(function*() {
    const log = yield* EventLog
    const queries = yield* JobQueries
    const rows = yield* until(log.after(before, all), (found) => found.length >= rowCount)
    const jobs = yield* Effect.forEach(world.batches.flat(), ({ id }) => queries.get(id))
    const page = yield* queries.find({
      filter: { queues: [world.queue] },
      sort: "oldest",
      after: undefined,
      limit: 1_000
    })
    const queues = (yield* queries.queues).value.filter(({ name }) => name === world.queue)
    const totals = yield* queries.totals
    const audit = yield* queries.audit(undefined, 1_000)
    return {
      events: rows.map((row) => comparable(row.events)),
      rest: comparable({ jobs, page, queues, totals, audit })
    }
  })

const endOfLog = Effect.flatMap(EventLog, (log) => Effect.map(log.head, ({ closed }) => closed))

/** `runs`: histories that are tried. */
export const tellsTheSameStory = <E1, E2>(
  name: string,
  one: Layer.Layer<Stores, E1>,
  other: Layer.Layer<Stores, E2>,
  options: { readonly runs: number }
) => {
  const act = Arbitrary.map(
    Arbitrary.schema(Schema.Tuple([
      Schema.Literals(Object.entries(acts).flatMap(([act, { share }]) => Array.from({ length: share }, () => act))),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000 }))
    ])),
    ([act, pick]) => ({ act, pick })
  )
  const inBoth = (a: Context.Context<Stores>, b: Context.Context<Stores>) =>
    Effect.fnUntraced(function*(history: ReadonlyArray<{ readonly act: string; readonly pick: number }>) {
      const world = makeWorld()
      const ends = [yield* Effect.provideContext(endOfLog, a), yield* Effect.provideContext(endOfLog, b)] as const
      const both = Effect.fnUntraced(function*(step: string, call: Call, learn?: (answer: unknown) => void) {
        const first = yield* Effect.exit(Effect.provideContext(call, a))
        const second = yield* Effect.exit(Effect.provideContext(call, b))
        assert.deepStrictEqual(answerOf(second), answerOf(first), step)
        if (Exit.isSuccess(first)) learn?.(first.value)
      })
      yield* both("register", register(world))
      for (const { act, pick } of history) {
        const { call, learn } = acts[act] ?? { call: () => nothing }
        yield* both(act, call(world, pick), (answer) => learn?.(world, answer))
      }
      const first = yield* Effect.provideContext(storyOf(world, ends[0], 0), a)
      const second = yield* Effect.provideContext(storyOf(world, ends[1], first.events.length), b)
      assert.deepStrictEqual(second, first)
    })

  describe(`The same story: ${name}`, () => {
    it.live("is told by both, whatever was done", () =>
      Effect.gen(function*() {
        const a = yield* Layer.build(one)
        const b = yield* Layer.build(other)

        const result = yield* Arbitrary.checkEffect(
          Arbitrary.array(act, { minLength: 50, maxLength: 150 }),
          (history) => Effect.as(inBoth(a, b)(history), true),
          { runs: options.runs, maxShrinks: 0 }
        )

        assert.strictEqual(result._tag, "Passed", Arbitrary.formatCheckFailure(result))
      }))
  })
}
