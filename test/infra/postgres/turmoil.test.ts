/**
 * Everything at once: several programs on several connections do whatever the stores offer to the same jobs, statements
 * are broken off in the middle, leases end. Afterwards the tables must be as if all of it had happened one after the
 * other.
 */
import { leaseMillis, type WorkerId } from "#domain/Worker.ts"
import { type ClaimedJob, type Dispatched, JobStore, type NewJob, type Settlement } from "#services/ports/JobStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { settlementOf, trouble } from "../../behaviour/jobs/Truth.ts"
import { fresh, freshQueue, freshType, newJob, operator, startWorker } from "../../support/Seed.ts"
import { describeWithServers } from "../../support/Servers.ts"
import { checkInvariants, deadlocks } from "./invariants.ts"
import * as Stores from "./stores.ts"

const programs = 8
const actsOfProgram = 150
/** Of a hundred acts this many are broken off, after up to so long. */
const brokenOff = 8
const brokenOffMillis = 6

/** The same numbers in every run: mulberry32. */
const numbers = (seed: number) => () => {
  seed = (seed + 0x6D2B79F5) | 0
  const a = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  const b = (a + Math.imul(a ^ (a >>> 7), 61 | a)) ^ a
  return ((b ^ (b >>> 14)) >>> 0) / 2 ** 32
}

const makeWorld = Effect.gen(function*() {
  const store = yield* JobStore
  const workers = yield* WorkerStore
  const sql = yield* SqlClient.SqlClient
  const queues = [freshQueue(), freshQueue()]
  const types = [freshType(), freshType()]
  const keys = Array.from({ length: 40 }, () => fresh("key"))
  const accepted: Array<NewJob> = []
  const hints: Array<Dispatched> = []
  const held: Array<ClaimedJob> = []
  const spent: Array<Settlement> = []
  const live: Array<WorkerId> = [yield* startWorker({ types }), yield* startWorker({ types })]

  const program = Effect.fnUntraced(function*(seed: number) {
    const random = numbers(seed)
    const upTo = (n: number) => Math.floor(random() * n)
    const oneOf = <A>(list: ReadonlyArray<A>): A => {
      const one = list[upTo(list.length)]
      if (one === undefined) throw new Error("there is nothing to choose from")
      return one
    }
    const someOf = <A>(list: ReadonlyArray<A>, n: number): ReadonlyArray<A> =>
      list.length === 0 ? [] : [...new Set(Array.from({ length: 1 + upTo(n) }, () => oneOf(list)))]

    const submission = () =>
      newJob({
        queue: oneOf(queues),
        type: oneOf(types),
        priority: upTo(10),
        maxAttempts: 1 + upTo(3),
        runAt: random() < 0.1 ? Date.now() + 30 : undefined,
        deadline: random() < 0.1 ? Date.now() + 200 : undefined,
        payload: random() < 0.02 ? "{" : "{}",
        idempotency: random() < 0.3
          ? { scope: "ann", key: oneOf(keys), bodyHash: String(upTo(2)), ttlMillis: 50 + upTo(500) }
          : undefined
      })
    const nextOf = (): Settlement["next"] =>
      oneOf<Settlement["next"]>([
        { _tag: "complete", result: "{}" },
        { _tag: "complete", result: "{}" },
        { _tag: "retry", error: trouble, delayMillis: upTo(20) },
        { _tag: "die", error: trouble, reason: "exhausted" },
        { _tag: "cancel" },
        { _tag: "release" }
      ])

    const acts: ReadonlyArray<readonly [number, () => Effect.Effect<unknown, unknown, WorkerStore>]> = [
      [5, () => {
        const batch = Array.from({ length: 1 + upTo(8) }, submission)
        accepted.push(...batch)
        return store.accept(batch)
      }],
      [1, () => store.accept(someOf(accepted, 6))],
      [4, () => store.promote(1 + upTo(20))],
      [10, () =>
        Effect.map(
          store.dispatch({ queue: oneOf(queues), types, window: 30, limit: 1 + upTo(12) }),
          (handed) => hints.push(...handed)
        )],
      [2, () => store.handBack(someOf(hints, 5))],
      [1, () =>
        Effect.map(
          store.resend({ queue: oneOf(queues), type: oneOf(types), lost: true, olderThanMillis: 20, limit: 5 }),
          (handed) => hints.push(...handed)
        )],
      [1, () => store.recall(random() < 0.5 ? "all" : "without-worker")],
      [12, () => {
        const claims = someOf(hints.slice(-40), 10).map(({ jobId }) => ({ jobId, token: randomUUID() }))
        return Effect.map(store.claim(oneOf(live), claims), (claimed) => held.push(...claimed))
      }],
      [1, () => store.claim(oneOf(live), someOf(held, 5).map(({ jobId, token }) => ({ jobId, token })))],
      [
        3,
        () =>
          store.progress(
            someOf(held.slice(-30), 4).map(({ jobId, token }) => ({ jobId, token, progress: { percent: upTo(100) } }))
          )
      ],
      [10, () => {
        const jobs = new Map(someOf(held.slice(-60), 10).map((job) => [job.jobId, job]))
        const settlements = [...jobs.values()].map((job) => settlementOf(job, nextOf()))
        spent.push(...settlements)
        return store.settle(settlements)
      }],
      [2, () => store.settle([...new Map(someOf(spent, 5).map((one) => [one.jobId, one])).values()])],
      [3, () => store.cancel(oneOf(accepted).id, operator)],
      [4, () => store.replay(oneOf(accepted).id, operator)],
      [1, () => store.pause(oneOf(queues), operator)],
      [3, () => store.resume(oneOf(queues), operator)],
      [2, () => store.endDeadlines(1 + upTo(10))],
      [3, () => store.foldCounters],
      [2, () => workers.reap({ everyone: false, limit: 1 + upTo(20) })],
      [1, () =>
        Effect.gen(function*() {
          const lost = oneOf(live)
          live[live.indexOf(lost)] = yield* startWorker({ types })
          yield* sql`UPDATE worker SET lease_until = lease_until - ${leaseMillis + 1}::float8 * interval '1 millisecond'
            WHERE id = ${lost}::uuid`
        })]
    ]
    const drawn = acts.flatMap(([share, act]) => Array.from({ length: share }, () => act))

    for (let done = 0; done < actsOfProgram; done++) {
      if (accepted.length === 0) accepted.push(submission())
      const act = oneOf(drawn)()
      yield* (upTo(100) < brokenOff ? Effect.timeoutOption(act, random() * brokenOffMillis) : act).pipe(
        Effect.catchIf(isRefusal, () => Effect.void)
      )
    }
  })
  return { program, accepted }
})

/** Trouble with the store is none of these. */
const refusals = new Set(["JobNotFound", "WrongState", "QueueNotFound", "QueueInState"])
const isRefusal = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && refusals.has(String(error._tag))

describeWithServers(["postgres"], "Turmoil in PostgreSQL", () => {
  layer(Stores.layer, { excludeTestServices: true })((it) => {
    it.effect.each([1, 2, 3])(
      "leaves the books in order, whatever is done at once (%i)",
      (round) =>
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const world = yield* makeWorld

          yield* Effect.forEach(
            Array.from({ length: programs }, (_, index) => round * 1_000 + index),
            world.program,
            { concurrency: "unbounded", discard: true }
          )
          yield* checkInvariants

          const types = yield* sql<{ readonly type: string }>`
          SELECT DISTINCT e ->> 'type' AS type FROM event_log, json_array_elements(body) AS e`
          assert.isAtLeast(types.length, 15)
          assert.strictEqual(yield* deadlocks, 0, "deadlocks")
        }),
      60_000
    )
  })
})
