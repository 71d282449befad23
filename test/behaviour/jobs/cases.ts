/** Jobs brought into a state, for the suites of the job store. */
import { JobStore, type NewJob } from "#services/ports/JobStore.ts"
import { WorkerStore } from "#services/ports/WorkerStore.ts"
import { Effect } from "effect"
import { accept, freshQueue, freshType, newJob, run, startWorker } from "../../support/Seed.ts"

export const idsOf = (jobs: ReadonlyArray<{ readonly jobId: string } | { readonly id: string }>) =>
  jobs.map((job) => "id" in job ? job.id : job.jobId)

/** Jobs of one queue and type. */
export const siblings = (count: number, given: Partial<NewJob> = {}) => {
  const same = { queue: freshQueue(), type: freshType(), ...given }
  return { ...same, jobs: Array.from({ length: count }, () => newJob(same)) }
}

export const loadOf = Effect.fnUntraced(function*(queue: string) {
  const store = yield* JobStore
  return (yield* store.loads).find((load) => load.queue === queue)
})

/** Workers of other tests take from all queues. */
export const nobodyAlive = Effect.flatMap(WorkerStore, (workers) => workers.reap({ everyone: true, limit: 10_000 }))

/** A job that a worker runs. */
export const running = Effect.fnUntraced(function*(given: Parameters<typeof newJob>[0] = {}) {
  const job = newJob(given)
  yield* accept(job)
  const worker = yield* startWorker({ types: [job.type] })
  return { job, worker, attempt: yield* run(worker, job) }
})

export const asRun = ["1 created none>waiting", "2 dispatched waiting>waiting", "3 started waiting>running"]
