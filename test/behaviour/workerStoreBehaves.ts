/** What every WorkerStore must do. The tests share the stores: each has workers, queues and types of its own. */
import { leaseMillis, overdueGraceMillis, WorkerId } from "#domain/Worker.ts"
import { JobStore, type NewJob } from "#services/ports/JobStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { randomUUID } from "node:crypto"
import { accept, dispatch, freshQueue, freshType, newJob, operator, run, startWorker } from "../support/Seed.ts"
import { complete, historyOf, jobOf, minute, type Options, settlementOf, type Stores, told } from "./jobs/Truth.ts"

export const workerStoreBehaves = <R, E>(
  name: string,
  implementation: Layer.Layer<Stores | R, E>,
  { elapse, excludeTestServices = false }: Options<R> & { readonly excludeTestServices?: boolean }
) =>
  layer(implementation, { excludeTestServices })(`WorkerStore: ${name}`, (it) => {
    const reap = (given: { readonly everyone?: boolean; readonly limit?: number } = {}) =>
      Effect.flatMap(WorkerStore, (workers) => workers.reap({ everyone: false, limit: 1_000, ...given }))
    const running = Effect.fnUntraced(function*(given: Partial<NewJob> = {}) {
      const job = newJob(given)
      yield* accept(job)
      const worker = yield* startWorker({ types: [job.type] })
      return { job, worker, attempt: yield* run(worker, job) }
    })
    /** Time in which this worker beats and all the others do not. */
    const outlive = Effect.fnUntraced(function*(worker: WorkerId, millis: number) {
      const workers = yield* WorkerStore
      yield* elapse(millis)
      yield* workers.heartbeat(worker)
    })

    it.effect("renews the lease of a live worker, even late, until a reaper has ended it", () =>
      Effect.gen(function*() {
        const workers = yield* WorkerStore
        const worker = yield* startWorker({})

        yield* elapse(leaseMillis + 1_000)
        const late = yield* workers.heartbeat(worker)
        yield* reap()
        const renewed = yield* workers.heartbeat(worker)
        yield* elapse(leaseMillis + 1_000)
        const { expiredWorkers } = yield* reap()
        const lost = yield* workers.heartbeat(worker)

        assert.deepStrictEqual([late.live, renewed.live, lost.live], [true, true, false])
        assert.isAtLeast(expiredWorkers, 1)
        assert.isAtLeast(renewed.storeTime, late.storeTime)
      }))

    it.effect("does not know a worker that never registered", () =>
      Effect.gen(function*() {
        const workers = yield* WorkerStore

        assert.isFalse((yield* workers.heartbeat(WorkerId.make(randomUUID()))).live)
      }))

    it.effect("registers the same worker again without harm", () =>
      Effect.gen(function*() {
        const workers = yield* WorkerStore
        const registration = {
          id: WorkerId.make(randomUUID()),
          name: "processor/\"x\"",
          host: "h",
          pid: 1,
          version: "1",
          slots: 2,
          queues: undefined,
          types: []
        }
        yield* workers.register(registration)

        yield* workers.register(registration)

        assert.isTrue((yield* workers.heartbeat(registration.id)).live)
      }))

    it.effect("keeps the newest description of each type, and the names of all queues", () =>
      Effect.gen(function*() {
        const workers = yield* WorkerStore
        const [name, other] = [freshType(), freshType()]
        const queues = [freshQueue(), freshQueue()]
        const describe = (type: typeof name, maxAttempts: number) => ({
          name: type,
          description: "says \"hello\"",
          payloadSchema: { type: "object" },
          resultSchema: { type: "number" },
          maxAttempts,
          backoff: { baseMillis: 1, factor: 2, maxMillis: 3, jitter: "none" as const },
          timeoutMillis: 1_000
        })
        const register = (types: ReadonlyArray<ReturnType<typeof describe>>) =>
          workers.register({
            id: WorkerId.make(randomUUID()),
            name: "processor/x",
            host: "h",
            pid: 1,
            version: "1",
            slots: 2,
            queues,
            types
          })
        yield* register([describe(name, 1), describe(other, 1)])
        yield* register([describe(name, 7)])

        const types = (yield* workers.types).filter((type) => type.name === name || type.name === other)

        assert.deepStrictEqual(
          types.toSorted((a, b) => b.maxAttempts - a.maxAttempts),
          [describe(name, 7), describe(other, 1)]
        )
        const names = yield* workers.queueNames
        for (const queue of queues) assert.isTrue(names.includes(queue))
      }))

    it.effect("leaves known types as they are when asked to, and adds those that are not known", () =>
      Effect.gen(function*() {
        const workers = yield* WorkerStore
        const [known, other] = [freshType(), freshType()]
        const register = (updateTypes: boolean, maxAttempts: number, ...names: ReadonlyArray<typeof known>) =>
          workers.register({
            id: WorkerId.make(randomUUID()),
            name: "processor/x",
            host: "h",
            pid: 1,
            version: "1",
            slots: 2,
            queues: undefined,
            types: names.map((name) => ({
              name,
              payloadSchema: {},
              maxAttempts,
              backoff: { baseMillis: 1, factor: 2, maxMillis: 3, jitter: "none" as const },
              timeoutMillis: 1_000
            })),
            updateTypes
          })
        yield* register(true, 1, known)
        yield* register(true, 2, known)

        yield* register(false, 1, known, other)

        const types = new Map((yield* workers.types).map(({ maxAttempts, name }) => [name, maxAttempts]))
        assert.deepStrictEqual([types.get(known), types.get(other)], [2, 1])
      }))

    it.effect("tells what a worker runs", () =>
      Effect.gen(function*() {
        const workers = yield* WorkerStore
        const { attempt, job, worker } = yield* running()
        const waiting = newJob({ queue: job.queue })
        yield* accept(waiting)

        const runs = yield* workers.runningOf(worker)

        assert.deepStrictEqual(runs, [{ jobId: job.id, token: attempt.token, attempt: 1 }])
        assert.deepStrictEqual(yield* workers.runningOf(yield* startWorker({})), [])
      }))

    it.effect("takes the jobs of an ended lease back, each where it belongs", () =>
      Effect.gen(function*() {
        const store = yield* JobStore
        const lost = yield* running()
        const exhausted = yield* running({ maxAttempts: 1 })
        const unwanted = yield* running()
        const healthy = yield* running()
        yield* store.cancel(unwanted.job.id, operator)

        yield* outlive(healthy.worker, leaseMillis + 1_000)
        const reaped = yield* reap()

        assert.isAtLeast(reaped.expiredWorkers, 3)
        const ends = [
          [lost, "retrying", 1, "5 retry-scheduled running>waiting", { delayMillis: 0 }],
          [exhausted, "dead", 1, "5 dead-lettered running>dead", { reason: "exhausted" }],
          [unwanted, "cancelled", 1, "6 cancelled running>cancelled", { reason: "lease-expired" }]
        ] as const
        for (const [{ job, worker }, status, failures, last, data] of ends) {
          const view = yield* jobOf(job.id)
          assert.deepStrictEqual([view.status, view.failures, view.worker], [status, failures, null])
          assert.deepStrictEqual(view.attempts.map(({ state }) => state), ["lease-expired"])
          const events = yield* historyOf(job.id)
          assert.deepInclude(told(events), last)
          assert.deepStrictEqual(events.at(-1)?.data, data)
          assert.deepStrictEqual([events.at(-2)?.type, events.at(-2)?.data?.worker], ["lease-expired", worker])
        }
        assert.strictEqual((yield* jobOf(healthy.job.id)).status, "running")
      }))

    it.effect("lets a job that was taken back run at once, and refuses its late outcome", () =>
      Effect.gen(function*() {
        const store = yield* JobStore
        const { attempt, job } = yield* running()
        yield* elapse(leaseMillis + 1_000)
        yield* reap()
        yield* store.promote(1_000)
        const other = yield* startWorker({ types: [job.type] })
        const second = yield* run(other, job)

        const [late] = yield* store.settle([settlementOf(attempt, complete)])
        const [inTime] = yield* store.settle([settlementOf(second, complete)])

        assert.deepStrictEqual([late?.answer, inTime?.answer, second.attempt, second.failures], [
          "refused",
          "committed",
          2,
          1
        ])
        assert.deepStrictEqual(
          (yield* historyOf(job.id)).filter(({ type }) => type === "completion-refused").map(({ data }) =>
            data?.lateAttempt
          ),
          [1]
        )
      }))

    it.effect("takes back what a worker that has retired still ran", () =>
      Effect.gen(function*() {
        const workers = yield* WorkerStore
        const { job, worker } = yield* running()
        yield* workers.retire(worker)

        yield* reap()

        assert.isFalse((yield* workers.heartbeat(worker)).live)
        assert.strictEqual((yield* jobOf(job.id)).status, "retrying")
      }))

    it.effect("ends an attempt that its live worker did not end in time", () =>
      Effect.gen(function*() {
        const overdue = yield* running({ timeoutMillis: 1_000 })
        const punctual = yield* running({ timeoutMillis: 10 * minute })

        yield* outlive(overdue.worker, overdueGraceMillis)
        yield* outlive(punctual.worker, 0)
        yield* reap()
        const inTime = (yield* jobOf(overdue.job.id)).status
        yield* outlive(overdue.worker, 2_000)
        yield* outlive(punctual.worker, 0)
        yield* reap()

        assert.strictEqual(inTime, "running")
        assert.strictEqual((yield* jobOf(overdue.job.id)).status, "retrying")
        assert.strictEqual((yield* jobOf(punctual.job.id)).status, "running")
      }))

    it.effect("ends all leases when nobody can be alive", () =>
      Effect.gen(function*() {
        const workers = yield* WorkerStore
        const { job, worker } = yield* running()

        yield* reap({ everyone: true })

        assert.isFalse((yield* workers.heartbeat(worker)).live)
        assert.strictEqual((yield* jobOf(job.id)).status, "retrying")
      }))

    it.effect("takes back no more jobs at once than it is asked for", () =>
      Effect.gen(function*() {
        const store = yield* JobStore
        yield* reap({ everyone: true })
        const given = { queue: freshQueue(), type: freshType() }
        yield* accept(...Array.from({ length: 5 }, () => newJob(given)))
        const worker = yield* startWorker({ types: [given.type] })
        const claims = (yield* dispatch(given)).map(({ jobId }) => ({ jobId, token: randomUUID() }))
        yield* store.claim(worker, claims)
        yield* elapse(leaseMillis + 1_000)

        const retrying = []
        for (const limit of [3, 3, 3]) retrying.push((yield* reap({ limit })).retrying)

        assert.deepStrictEqual(retrying, [3, 2, 0])
      }))
  })
