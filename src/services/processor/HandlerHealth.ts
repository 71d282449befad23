/**
 * Whether the handlers of a worker give their slots back. One that ignores its signal holds its slot until it returns,
 * which may be never: past half of the slots only a new process helps.
 */
import { Deferred, Effect } from "effect"
import type { Dependency } from "../Health.ts"
import type { Worker } from "./Worker.ts"

/** Of a worker that has registered its types. */
export const handlersOf = (worker: Worker["Service"]): Dependency => ({
  name: "handlers",
  required: true,
  check: Effect.gen(function*() {
    const { leaked, slots } = yield* worker.status
    if (leaked * 2 > slots) {
      return yield* Effect.fail({
        message: `${leaked} of ${slots} slots are held by handlers that ignore their signal: restart this process`
      })
    }
  })
})

/** `worker` is there when it has registered its types. */
export const handlers = (worker: Deferred.Deferred<Worker["Service"]>): Dependency => ({
  name: "handlers",
  required: true,
  check: Effect.suspend(() =>
    Deferred.isDoneUnsafe(worker)
      ? Effect.flatMap(Deferred.await(worker), (registered) => handlersOf(registered).check)
      : Effect.fail({ message: "the worker has not registered yet" })
  )
})
