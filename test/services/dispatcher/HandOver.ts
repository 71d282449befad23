/** Jobs that wait to be handed over, and who hears of them: what the tests of dispatch and of resending share. */
import { defaultQueue, type JobId, type JobTypeName, type QueueName } from "#domain/Job.ts"
import { Broker } from "#services/ports/Broker.ts"
import { MemoryDatabase } from "#services/ports/memory/MemoryDatabase.ts"
import { Signals } from "#services/ports/Signals.ts"
import { Effect, Stream } from "effect"
import * as Seed from "../../support/Seed.ts"
import { typeName } from "../Given.ts"

export const type = typeName("test.work")

/** Jobs of one type in the default queue, unless told otherwise, as a gateway would announce them. */
export const accept = Effect.fnUntraced(function*(count: number, more: Parameters<typeof Seed.newJob>[0] = {}) {
  const signals = yield* Signals
  const jobs = Array.from({ length: count }, () => Seed.newJob({ type, queue: defaultQueue, ...more }))
  yield* Seed.accept(...jobs)
  yield* signals.send("due")
  return jobs.map(({ id }) => id)
})

/** Ids in the order in which the broker delivers them; they are taken and never claimed. */
export const listen = Effect.fnUntraced(function*(of: JobTypeName = type, from: QueueName = defaultQueue) {
  const broker = yield* Broker
  const delivered: Array<JobId> = []
  yield* broker.hints({ queue: from, type: of, prefetch: 10_000 }).pipe(
    Stream.runForEach(({ hint }) => Effect.sync(() => delivered.push(...hint.jobs.map(({ jobId }) => jobId)))),
    Effect.forkScoped({ startImmediately: true })
  )
  return delivered
})
export const statesOf = Effect.fnUntraced(function*(ids: ReadonlyArray<JobId>) {
  const { tables } = yield* MemoryDatabase
  return ids.map((id) => tables.jobs.get(id)?.state)
})
export const count = (states: ReadonlyArray<unknown>, state: string) => states.filter((one) => one === state).length
