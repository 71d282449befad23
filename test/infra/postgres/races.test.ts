/** Operations on the same jobs at the same time, on several connections. */
import { leaseMillis } from "#domain/Worker.ts"
import * as PgJobStore from "#infra/postgres/PgJobStore.ts"
import { JobStore, type NewJob } from "#services/ports/JobStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import { complete, historyOf, jobOf, retry, settlementOf } from "../../behaviour/jobs/Truth.ts"
import { age } from "../../support/ageing.ts"
import {
  accept,
  dispatch,
  fresh,
  freshQueue,
  freshType,
  newJob,
  operator,
  run,
  startWorker
} from "../../support/Seed.ts"
import { describeWithServers } from "../../support/Servers.ts"
import { checkInvariants, deadlocks } from "./invariants.ts"
import * as Stores from "./stores.ts"

/** Enough for a race to go both ways now and then, on two processors. */
const rounds = 15
/** Dispatchers are apart by less than others: there is one lock, at the very beginning. */
const dispatchRounds = 60

const together = <A, E, R>(effects: ReadonlyArray<Effect.Effect<A, E, R>>) =>
  Effect.all(effects, { concurrency: "unbounded" })
const repeatedly = <E, R>(round: Effect.Effect<void, E, R>, times = rounds) =>
  Effect.repeat(round, { times: times - 1 }).pipe(
    Effect.andThen(checkInvariants),
    Effect.andThen(deadlocks),
    Effect.map((count) => assert.strictEqual(count, 0, "deadlocks"))
  )

/** A store as another program has it. */
const anotherStore = Effect.map(
  Layer.build(Layer.fresh(PgJobStore.layer({ source: "test/2" }))),
  (context) => JobStore.pipe(Effect.provideContext(context))
).pipe(Effect.flatten)

/** Jobs of one queue and type, handed over, and a worker for them. */
const handedOver = Effect.fnUntraced(function*(count: number, given: Partial<NewJob> = {}) {
  const same = { queue: freshQueue(), type: freshType() }
  const jobs = Array.from({ length: count }, () => newJob({ ...same, ...given }))
  yield* accept(...jobs)
  yield* dispatch(same)
  return { ...same, jobs, worker: yield* startWorker({ types: [same.type] }) }
})
const claimsOf = (jobs: ReadonlyArray<NewJob>) => jobs.map(({ id }) => ({ jobId: id, token: randomUUID() }))

describeWithServers(["postgres"], "Races in PostgreSQL", () => {
  layer(Stores.layer, { excludeTestServices: true })((it) => {
    it.effect("of equal idempotency keys exactly one job is made, and all are answered with it", () =>
      repeatedly(Effect.gen(function*() {
        const [one, other] = [yield* JobStore, yield* anotherStore]
        const queue = freshQueue()
        const idempotency = { scope: "ann", key: fresh("key"), bodyHash: "h", ttlMillis: 60_000 }
        const rivals = Array.from({ length: 8 }, () => newJob({ queue, idempotency }))

        const answers = (yield* together(
          rivals.map((job, index) => (index % 2 === 0 ? one : other).accept([newJob({ queue }), job]))
        )).map(([, answer]) => answer)

        const winners = answers.filter((answer) => answer?._tag === "Accepted")
        assert.strictEqual(winners.length, 1)
        assert.strictEqual(
          new Set(answers.map((answer) => answer !== undefined && "jobId" in answer && answer.jobId)).size,
          1
        )
      })))

    it.effect("keys in opposite order do not lock each other out", () =>
      repeatedly(Effect.gen(function*() {
        const [one, other] = [yield* JobStore, yield* anotherStore]
        const queue = freshQueue()
        const keys = Array.from({ length: 300 }, () => fresh("key"))
        const batchOf = (inOrder: ReadonlyArray<string>) =>
          inOrder.map((key) => newJob({ queue, idempotency: { scope: "ann", key, bodyHash: "h", ttlMillis: 60_000 } }))

        const answers = (yield* together([
          one.accept(batchOf(keys)),
          other.accept(batchOf(keys.toReversed())),
          one.accept(batchOf(keys.toReversed())),
          other.accept(batchOf(keys))
        ])).flat()

        assert.strictEqual(answers.filter(({ _tag }) => _tag === "Accepted").length, keys.length)
        assert.strictEqual(answers.filter(({ _tag }) => _tag === "Replayed").length, 3 * keys.length)
      })))

    it.effect("the same jobs accepted twice at once are stored once", () =>
      repeatedly(Effect.gen(function*() {
        const store = yield* JobStore
        const queue = freshQueue()
        const jobs = Array.from({ length: 30 }, () => newJob({ queue }))

        const answers = (yield* together([store.accept(jobs), store.accept(jobs.toReversed())])).flat()

        assert.isTrue(answers.every(({ _tag }) => _tag === "Accepted"))
      })))

    it.effect("after a pause has been answered no job of the queue starts", () =>
      repeatedly(Effect.gen(function*() {
        const store = yield* JobStore
        const { jobs, queue, type, worker } = yield* handedOver(60)
        const claim = (from: number) => store.claim(worker, claimsOf(jobs.slice(from, from + 15)))

        const [{ recalled }, ...claimed] = yield* Effect.all(
          [store.pause(queue, operator), claim(0), claim(15), claim(30), claim(45)] as const,
          { concurrency: "unbounded" }
        )
        const after = yield* store.claim(worker, claimsOf(jobs))

        assert.deepStrictEqual(after, [])
        assert.strictEqual(recalled + claimed.flat().length, jobs.length)
        assert.deepStrictEqual(yield* dispatch({ queue, type }), [])
      })))

    it.effect("a dispatcher at work on a queue that is paused leaves nothing handed over", () =>
      repeatedly(Effect.gen(function*() {
        const store = yield* JobStore
        const { queue, type } = yield* handedOver(1)
        yield* accept(...Array.from({ length: 30 }, () => newJob({ queue, type })))

        yield* together([
          dispatch({ queue, type }),
          Effect.asVoid(store.pause(queue, operator)),
          dispatch({ queue, type })
        ])

        const load = (yield* store.loads).find((one) => one.queue === queue)
        assert.deepStrictEqual([load?.dispatched, load?.queued], [0, 31])
      })))

    it.effect("several dispatchers fill a window together, never over it, and hand no job over twice", () =>
      repeatedly(
        Effect.gen(function*() {
          const [one, other] = [yield* JobStore, yield* anotherStore]
          const given = { queue: freshQueue(), type: freshType() }
          yield* accept(...Array.from({ length: 60 }, () => newJob(given)))
          const fill = (index: number) =>
            (index % 2 === 0 ? one : other).dispatch({ queue: given.queue, types: [given.type], window: 10, limit: 10 })

          const handed = (yield* together(Array.from({ length: 12 }, (_, index) => fill(index)))).flat()

          assert.isAtMost(handed.length, 10)
          assert.strictEqual(new Set(handed.map(({ jobId }) => jobId)).size, handed.length)
          assert.deepStrictEqual(new Set(handed.map(({ dispatchCount }) => dispatchCount)), new Set([1]))
        }),
        dispatchRounds
      ))

    it.effect("each job goes to one of the workers that claim it", () =>
      repeatedly(Effect.gen(function*() {
        const store = yield* JobStore
        const { jobs, type, worker } = yield* handedOver(40)
        const rival = yield* startWorker({ types: [type] })

        const [mine, theirs] = yield* together([
          store.claim(worker, claimsOf(jobs)),
          store.claim(rival, claimsOf(jobs.toReversed()))
        ])

        const taken = [...mine ?? [], ...theirs ?? []].map(({ jobId }) => jobId)
        assert.strictEqual(taken.length, jobs.length)
        assert.strictEqual(new Set(taken).size, jobs.length)
      })))

    it.effect("a claim that is repeated while the first is under way is one claim", () =>
      repeatedly(Effect.gen(function*() {
        const store = yield* JobStore
        const { jobs, worker } = yield* handedOver(20)
        const claims = claimsOf(jobs)

        const [one, other] = yield* together([store.claim(worker, claims), store.claim(worker, claims)])

        assert.strictEqual(one?.length, jobs.length)
        assert.strictEqual(other?.length, jobs.length)
      })))

    it.effect("a settlement that is repeated while the first is under way is one settlement", () =>
      repeatedly(Effect.gen(function*() {
        const store = yield* JobStore
        const { jobs, worker } = yield* handedOver(20)
        const claimed = yield* store.claim(worker, claimsOf(jobs))
        const settlements = claimed.map((job, index) => settlementOf(job, index % 2 === 0 ? complete : retry(0)))

        const answers = (yield* together([store.settle(settlements), store.settle(settlements.toReversed())])).flat()

        assert.deepStrictEqual(new Set(answers.map(({ answer }) => answer)), new Set(["committed"]))
      })))

    it.effect("of a cancellation and an outcome the one that commits first wins", () =>
      repeatedly(Effect.gen(function*() {
        const store = yield* JobStore
        // Either the cancellation finds the job waiting again, or the failure finds the cancellation.
        for (const [next, end] of [[complete, "completed"], [retry(60_000), "cancelled"]] as const) {
          const job = newJob()
          yield* accept(job)
          const claimed = yield* run(yield* startWorker({ types: [job.type] }), job)

          yield* Effect.all([
            Effect.exit(store.cancel(job.id, operator)),
            store.settle([settlementOf(claimed, next)])
          ], { concurrency: "unbounded", discard: true })

          assert.strictEqual((yield* jobOf(job.id)).status, end)
        }
      })))

    it.effect("of the reaper and a late outcome one wins, and the other one knows", () =>
      repeatedly(Effect.gen(function*() {
        const store = yield* JobStore
        const workers = yield* WorkerStore
        const { jobs, worker } = yield* handedOver(10)
        const claimed = yield* store.claim(worker, claimsOf(jobs))
        yield* age(leaseMillis + 1_000)

        const [settled] = yield* Effect.all([
          store.settle(claimed.map((job) => settlementOf(job, complete))),
          workers.reap({ everyone: false, limit: 100 }),
          workers.reap({ everyone: false, limit: 100 })
        ], { concurrency: "unbounded" })
        yield* workers.reap({ everyone: false, limit: 100 })

        for (const { answer, jobId } of settled) {
          assert.strictEqual((yield* jobOf(jobId)).status, answer === "committed" ? "completed" : "retrying")
          const refusals = (yield* historyOf(jobId)).filter(({ type }) => type === "completion-refused")
          assert.strictEqual(refusals.length, answer === "committed" ? 0 : 1)
        }
      })))

    it.effect("several folders fold each row once while others write", () =>
      repeatedly(Effect.gen(function*() {
        const store = yield* JobStore
        const { jobs, worker } = yield* handedOver(10)

        yield* Effect.all([
          ...Array.from({ length: 4 }, () => store.foldCounters),
          store.claim(worker, claimsOf(jobs)),
          accept(...Array.from({ length: 5 }, () => newJob())),
          ...Array.from({ length: 4 }, () => store.foldCounters)
        ], { concurrency: "unbounded", discard: true })
      })))

    it.effect("a hint that is handed back while it is claimed is one or the other", () =>
      repeatedly(Effect.gen(function*() {
        const store = yield* JobStore
        const job = newJob()
        yield* accept(job)
        yield* dispatch(job)
        const worker = yield* startWorker({ types: [job.type] })

        const [back, claimed] = yield* Effect.all([
          store.handBack([{ jobId: job.id, dispatchCount: 1 }]),
          store.claim(worker, claimsOf([job]))
        ], { concurrency: "unbounded" })

        assert.strictEqual(back + claimed.length, 1)
        if (back === 1) assert.strictEqual((yield* run(worker, job)).attempt, 1)
      })))
  })
})
