/** What operators do to single jobs and queues. The store decides and records who did it; this wakes whoever must act. */
import { Context, Effect, Layer } from "effect"
import { JobStore } from "../ports/JobStore.ts"
import { Signals } from "../ports/Signals.ts"

export class Control extends Context.Service<
  Control,
  Pick<JobStore["Service"], "cancel" | "replay" | "pause" | "resume">
>()("odto/services/Control") {
  static readonly layer = Layer.effect(
    Control,
    Effect.gen(function*() {
      const store = yield* JobStore
      const signals = yield* Signals
      return Control.of({
        cancel: Effect.fn("Control.cancel")(function*(jobId, actor) {
          const answer = yield* store.cancel(jobId, actor)
          if (answer._tag === "Requested") yield* signals.send("cancel")
          yield* signals.send("log")
          return answer
        }),
        replay: Effect.fn("Control.replay")(function*(jobId, actor) {
          const answer = yield* store.replay(jobId, actor)
          yield* signals.send("due")
          yield* signals.send("log")
          return answer
        }),
        pause: Effect.fn("Control.pause")(function*(queue, actor) {
          const answer = yield* store.pause(queue, actor)
          yield* signals.send("queues")
          yield* signals.send("log")
          return answer
        }),
        resume: Effect.fn("Control.resume")(function*(queue, actor) {
          yield* store.resume(queue, actor)
          yield* signals.send("queues")
          yield* signals.send("due")
          yield* signals.send("log")
        })
      })
    })
  )
}
